import { Engine, type EngineOptions } from '../../src/engine/index.ts';
import { busyboxContext } from './busybox-image.ts';
import { closeAfter } from './close-after.ts';
import { processesNaming } from './machine-traces.ts';
import { newRoot, removeStore } from './store-root.ts';
import type { Hooks } from './test-file.ts';
import { untilSame } from './until-same.ts';

export interface TestStoreOptions extends Omit<EngineOptions, 'root'> {
  /** Name of a busybox image to build first. */
  readonly busybox?: string;
}

/**
 * Opens an engine on a new store, with overlay2 unless a driver is named. At the end its containers are removed, the
 * engine is closed, and the store is deleted; the test fails when a process or a mount of it is left.
 */
export async function testStore(context: Hooks, { busybox, ...options }: TestStoreOptions = {}): Promise<Engine> {
  const engine = await Engine.open({ storageDriver: 'overlay2', ...options, root: newRoot() });
  closeAfter(context, { [Symbol.asyncDispose]: async () => await end(engine) });
  if (busybox !== undefined) await engine.builder.build({ context: busyboxContext(context), tags: [busybox] }).result;
  return engine;
}

async function end(engine: Engine): Promise<void> {
  const { root, run } = engine.layout;
  try {
    for (const { id } of await engine.containers.list({ all: true }))
      await engine.containers.remove(id, { force: true });
    await engine[Symbol.asyncDispose]();
    await untilSame(() => processesNaming(run), [], 'processes left behind');
  } finally {
    await removeStore(root);
  }
}
