// Removes or replaces what another thread reads, on demand. Data: root, a build context, and the memory both share: [0]
// is an index into `deeds`, -1 once it is done.
import { workerData } from 'node:worker_threads';
import { Engine } from '../../../src/engine/index.ts';

interface Data {
  readonly root: string;
  readonly context: string;
  readonly shared: Int32Array;
}

export const deeds = ['replace', 'remove', 'again', 'container'] as const;
export type Deed = (typeof deeds)[number];

/** The first layer is always the same, the second never; the first one has another snapshot each time. */
export async function buildMade(engine: Engine, context: string): Promise<void> {
  const text = `FROM base\nCOPY data /data\nCOPY <<EOF /own\n${Math.random()}\nEOF\n`;
  await engine.builder.build({ context, dockerfile: { text }, tags: ['made'], noCache: true }).result;
}

const prune = async (engine: Engine): Promise<void> => {
  await engine.images.prune();
  await engine.builder.prune({ all: true });
};

const does: { readonly [Name in Deed]: (engine: Engine, data: Data) => Promise<void> } = {
  async replace(engine, { context }) {
    await buildMade(engine, context);
    await prune(engine);
  },
  async remove(engine) {
    await engine.images.remove('made', { force: true });
    await prune(engine);
  },
  /** Removes the image and loads the same one, by its ID, again. */
  async again(engine) {
    const chunks: Uint8Array[] = [];
    await engine.images.save({ images: ['made'], output: async (chunk) => void chunks.push(Uint8Array.from(chunk)) })
      .result;
    await does.remove(engine, workerData as Data);
    const archive = async function* (): AsyncGenerator<Uint8Array> {
      yield* chunks;
    };
    await engine.images.load({ input: archive() }).result;
  },
  async container(engine) {
    await engine.containers.remove('one', { force: true });
    await does.remove(engine, workerData as Data);
  },
};

async function serve({ root, context, shared }: Data): Promise<void> {
  await using engine = await Engine.open({ root });
  for (;;) {
    Atomics.wait(shared, 0, -1);
    const deed = deeds[Atomics.load(shared, 0)];
    if (deed === undefined) return;
    await does[deed](engine, { root, context, shared });
    Atomics.store(shared, 0, -1);
    Atomics.notify(shared, 0);
  }
}

if (workerData !== null) await serve(workerData as Data);
