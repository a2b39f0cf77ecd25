// Readers of images and containers, while their object is removed or replaced: between any two transactions, and before
// any file is opened. Each reads one whole state, or finds nothing.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ObjectLocks } from '../../../src/content/object-locks.ts';
import { Engine } from '../../../src/engine/index.ts';
import { type ErrorCode, isStrataError } from '../../../src/errors/index.ts';
import { Database, type TransactOptions } from '../../../src/metadata/database.ts';
import { Filters } from '../../../src/query/filters.ts';
import { buildContext } from '../../helpers/build-context.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { needs } from '../../helpers/needs.ts';
import { createRandom, isSoak, runSeed } from '../../helpers/random.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { buildMade, type Deed, deeds } from './gaps.fixture.ts';

const skip = needs('root', 'overlay', 'busybox');
const seed = runSeed();

/** Calls `atGap` before each transaction, each statement outside of one, and each file that Node opens. */
function watchGaps(context: TestContext, atGap: () => void): void {
  let depth = 0;
  const gap = (): void => {
    if (depth++ === 0) atGap();
    depth--;
  };
  const { read, transact, statement } = Database.prototype;
  const inside = <T>(body: () => T): T => {
    depth++;
    try {
      return body();
    } finally {
      depth--;
    }
  };
  context.mock.method(Database.prototype, 'read', function (this: Database, body: () => unknown) {
    gap();
    return inside(() => read.call(this, body));
  });
  context.mock.method(
    Database.prototype,
    'transact',
    async function (this: Database, body: () => unknown, options?: TransactOptions) {
      gap();
      return await transact.call(this, () => inside(body), options);
    },
  );
  context.mock.method(Database.prototype, 'statement', function (this: Database, sql: string) {
    gap();
    return statement.call(this, sql);
  });
  // No gap while a reader holds an object's lock: a removal would wait for it.
  const { with: locked } = ObjectLocks.prototype;
  context.mock.method(
    ObjectLocks.prototype,
    'with',
    async function (this: ObjectLocks, ...args: Parameters<typeof locked>) {
      depth++;
      try {
        return await locked.apply(this, args);
      } finally {
        depth--;
      }
    },
  );
  for (const [host, name] of [
    [fs, 'openSync'],
    [fs, 'existsSync'],
    [fs, 'lstatSync'],
    [fs, 'readdirSync'],
    [fs.promises, 'open'],
  ] as const) {
    const original = Reflect.get(host, name) as (...args: unknown[]) => unknown;
    context.mock.method(
      host as never,
      name as never,
      ((...args: unknown[]) => {
        gap();
        return original(...args);
      }) as never,
    );
  }
  syncBuiltinESMExports();
  context.after(() => {
    context.mock.restoreAll();
    syncBuiltinESMExports();
  });
}

const images: Readonly<Record<string, (engine: Engine, context: string) => unknown>> = {
  save: (engine) => engine.images.save({ images: ['made'], output: async () => undefined }).result,
  history: (engine) => engine.images.history('made'),
  async inspect(engine) {
    const { references, storage } = await engine.images.inspect('made');
    assert.deepEqual(references, ['made:latest']);
    assert.equal(storage.directories.length, 3);
  },
  images: (engine) => engine.images.list({ filters: Filters.fromFlags(['since=made']) }),
  tree: (engine) => engine.images.tree(),
  tag: (engine) => engine.images.tag('made', 'other'),
  async create(engine) {
    const { id } = await engine.containers.create({ image: 'made', command: ['true'] });
    await engine.containers.remove(id);
  },
  from: (engine, context) => engine.builder.build({ context, dockerfile: { text: 'FROM made\nLABEL a=b' } }).result,
  usage: (engine) => engine.system.diskUsage(),
  cache: (engine) => engine.builder.list(),
  async check(engine) {
    assert.deepEqual((await engine.system.check().result).damages, []);
  },
};

/** Checks that an operation's output is a whole tar: with the file that comes last. */
async function checkWhole(writing: (output: (chunk: Uint8Array) => Promise<void>) => Promise<unknown>): Promise<void> {
  const chunks: Uint8Array[] = [];
  await writing(async (chunk) => void chunks.push(Uint8Array.from(chunk)));
  assert.ok(Buffer.concat(chunks).includes('zz/zz'), 'the tar has the last file');
}

const containers: Readonly<Record<string, (engine: Engine) => unknown>> = {
  commit: (engine) => engine.containers.commit('one').result,
  export: (engine) => checkWhole((output) => engine.containers.export('one', { output }).result),
  copy: (engine) => checkWhole((to) => engine.containers.copyFrom('one', { path: '/data', to })),
  diff: (engine) => engine.containers.diff('one'),
  inspect: (engine) => engine.containers.inspect('one', { size: true }),
  list: (engine) => engine.containers.list({ all: true, size: true }),
};

/** Errors that a read beside a deed may end with instead of a result. */
const refusals: { readonly [Name in Deed]: readonly ErrorCode[] } = {
  replace: [],
  remove: ['ERR_IMAGE_NOT_FOUND'],
  again: ['ERR_IMAGE_NOT_FOUND'],
  container: ['ERR_CONTAINER_NOT_FOUND', 'ERR_CONTAINER_CHANGED'],
};

interface Case {
  readonly name: string;
  readonly read: (engine: Engine, context: string) => unknown;
  readonly deed: Deed;
}

const cases: readonly Case[] = [
  ...Object.entries(images).flatMap(([name, read]) =>
    (['replace', 'remove', 'again'] as const).map((deed) => ({ name, read, deed })),
  ),
  ...Object.entries(containers).map(([name, read]) => ({ name, read, deed: 'container' as const })),
];

const sample = 12;

test(`readers survive a removal in each gap between two transactions (STRATA_SEED=${seed})`, {
  skip,
}, async (context) => {
  const root = storeRoot(context);
  await using engine = await Engine.open({ root });
  await engine.builder.build({ context: busyboxContext(context), tags: ['base'] }).result;
  const data = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`data/${at}/file`, `${at}`]));
  const files = buildContext(context, ['FROM base'], { ...data, 'data/zz/zz': 'last' });
  const shared = new Int32Array(new SharedArrayBuffer(4)).fill(-1);
  const worker = new Worker(new URL('gaps.fixture.ts', import.meta.url), {
    workerData: { root, context: files, shared },
  });
  const order = (number: number): void => {
    Atomics.store(shared, 0, number);
    Atomics.notify(shared, 0);
  };
  context.after(async () => {
    order(deeds.length);
    await worker.terminate();
  });

  let gaps = 0;
  let at = -1;
  let deed: Deed = 'remove';
  watchGaps(context, () => {
    if (gaps++ !== at) return;
    order(deeds.indexOf(deed));
    assert.notEqual(Atomics.wait(shared, 0, deeds.indexOf(deed), 60_000), 'timed-out', `${deed} goes on for ever`);
  });

  /** Reads with the deed in the gap of this number; returns the number of gaps. */
  const readBeside = async (one: Case, gap: number): Promise<number> => {
    if (!(await exists(engine))) await buildMade(engine, files);
    if (one.deed === 'container' && !(await hasContainer(engine))) {
      await engine.containers.create({ image: 'made', name: 'one', command: ['true'] });
    }
    [gaps, at, deed] = [0, gap, one.deed];
    try {
      await one.read(engine, files);
    } catch (error) {
      if (gap < 0 || !refusals[deed].some((code) => isStrataError(error, code))) {
        throw new Error(`${one.name} beside ${deed} in gap ${gap}, seed ${seed}`, { cause: error });
      }
    } finally {
      at = -1;
    }
    return gaps;
  };

  const random = createRandom(seed);
  const chosen = isSoak ? cases : Array.from({ length: sample }, () => random.pick(cases));
  for (const one of chosen) {
    const count = await readBeside(one, -1);
    const all = [...Array(count).keys()];
    for (const gap of isSoak ? all : [random.pick(all)]) await readBeside(one, gap);
  }
});

const exists = async (engine: Engine): Promise<boolean> =>
  (await engine.images.list()).some(({ repository }) => repository === 'made');
const hasContainer = async (engine: Engine): Promise<boolean> =>
  (await engine.containers.list({ all: true })).some(({ name }) => name === 'one');
