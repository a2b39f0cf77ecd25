// One of several processes on one store. Arguments: root, role (`work` or `remove`), seed, milliseconds, inputs as
// JSON. Ends with counts of its work as JSON; any failure is an uncaught error.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../../src/engine/index.ts';
import { isKind, isStrataError } from '../../../src/errors/index.ts';
import { createRandom } from '../../helpers/random.ts';

export interface Inputs {
  /** An archive of one image, a tar of a filesystem, a build context on `base`. */
  readonly archive: string;
  readonly tree: string;
  readonly context: string;
}

const [root = '', role = '', seed = '0', ms = '0', json = '{}'] = process.argv.slice(2);
const { archive, tree, context } = JSON.parse(json) as Inputs;
const random = createRandom(Number(seed));
await using engine = await Engine.open({ root });
const randomName = (): string => `made-${random.next(4)}`;

const works: Readonly<Record<string, () => Promise<unknown>>> = {
  async build() {
    const folder = mkdtempSync(join(tmpdir(), 'strata-together-'));
    try {
      writeFileSync(join(folder, 'data'), randomBytes(50_000));
      writeFileSync(join(folder, 'Dockerfile'), 'FROM base\nCOPY data /data\nRUN cat /data > /copy\nRUN rm /data\n');
      await engine.builder.build({ context: folder, tags: [randomName()] }).result;
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  /** Builds on an image that may be removed at any moment, but is held once it is found. */
  async upon() {
    const dockerfile = { text: `FROM ${randomName()}\nCOPY <<EOF /upon\n${random.next(1000)}\nEOF\nLABEL a=b\n` };
    try {
      await engine.builder.build({ context, dockerfile, tags: [randomName()] }).result;
    } catch (error) {
      if (!isStrataError(error, 'ERR_IMAGE_NOT_FOUND')) throw error;
    }
  },
  same: async () => await engine.builder.build({ context, tags: [randomName(), randomName()] }).result,
  load: async () => await engine.images.load({ input: archive }).result,
  import: async () => await engine.images.import({ input: tree, reference: randomName() }).result,
  commit: async () => await engine.containers.commit('one', { reference: randomName() }).result,
  save: async () => await engine.images.save({ images: ['base'], output: async () => undefined }).result,
  export: async () => await engine.containers.export('one', { output: async () => undefined }).result,
  async run() {
    const { exitCode } = await engine.containers.run({ image: 'base', command: ['true'], remove: true }).result;
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}`);
  },
};

const removals: Readonly<Record<string, () => Promise<unknown>>> = {
  images: async () => await engine.images.prune({ all: true }),
  cache: async () => await engine.builder.prune({ all: true }),
  garbage: async () => await engine.system.collectGarbage().result,
  async image() {
    try {
      await engine.images.remove(randomName(), { force: true });
    } catch (error) {
      if (!isStrataError(error, 'ERR_IMAGE_NOT_FOUND') && !isKind(error, 'conflict')) throw error;
    }
  },
};

const verbs = Object.entries(role === 'work' ? works : removals);
const counts: Record<string, number> = {};
for (const end = Date.now() + Number(ms); Date.now() < end; ) {
  const [name, verb] = random.pick(verbs);
  try {
    await verb();
  } catch (error) {
    throw new Error(`${name}, seed ${seed}`, { cause: error });
  }
  counts[name] = (counts[name] ?? 0) + 1;
}
console.log(JSON.stringify(counts));
