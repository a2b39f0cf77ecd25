import type { BuildEvent, BuildRequest, Engine, RecordedImage } from '../../src/engine/index.ts';
import { LayerIndex } from '../../src/layer/index-file/layer-index.ts';
import { placesOf } from './store-places.ts';

/** A build with all it told. */
export interface RecordedBuild extends RecordedImage {
  /** What steps wrote, both streams in the order it came. */
  readonly log: string;
  /** How each step ended, by its name: `hit`, `done`. */
  readonly steps: Readonly<Record<string, string>>;
  readonly events: readonly BuildEvent[];
}

/** Builds and listens; rejects as the build does. */
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

/** What each layer of an image says, base first: `file etc/passwd`, `whiteout tmp/x`, in path order. */
export async function layerEntries(engine: Engine, image: string): Promise<string[][]> {
  const { config } = await engine.images.inspect(image);
  return config.rootfs.diff_ids.map((diffId) => {
    using index = LayerIndex.open(placesOf(engine).index(diffId));
    return [...index.records()]
      .map(({ kind, treePath }) => `${kind} ${Buffer.from(treePath).toString('latin1')}`)
      .sort();
  });
}
