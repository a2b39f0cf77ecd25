import type { BuildEvent, BuildRequest, Engine, RecordedImage } from '../../src/engine/index.ts';
import { LayerIndex } from '../../src/layer/index-file/layer-index.ts';
import { placesOf } from './store-places.ts';

/** Result of a build, with the events that it emitted. */
export interface RecordedBuild extends RecordedImage {
  /** Output of all steps, both streams in the order of arrival. */
  readonly log: string;
  /** Last state of each step, by its name: `hit`, `done`. */
  readonly steps: Readonly<Record<string, string>>;
  readonly events: readonly BuildEvent[];
}

/** Builds and records the events; rejects as the build does. */
export async function recordBuild(engine: Engine, request: BuildRequest): Promise<RecordedBuild> {
  await using operation = engine.builder.build(request);
  const events: BuildEvent[] = [];
  for await (const event of operation) events.push(event);
  const log = events.map((event) => (event.type === 'log' ? Buffer.from(event.lines).toString('latin1') : '')).join('');
  const steps = Object.fromEntries(
    events.flatMap((event) => (event.type === 'step' ? [[event.vertex.name, event.step.state]] : [])),
  );
  return { ...(await operation.result), log, steps, events };
}

/** Returns the entries of each layer of an image, base first: `file etc/passwd`, `whiteout tmp/x`, in path order. */
export async function layerEntries(engine: Engine, image: string): Promise<string[][]> {
  const { config } = await engine.images.inspect(image);
  return config.rootfs.diff_ids.map((diffId) => {
    using index = LayerIndex.open(placesOf(engine).index(diffId));
    return [...index.records()]
      .map(({ kind, treePath }) => `${kind} ${Buffer.from(treePath).toString('latin1')}`)
      .sort();
  });
}
