import type { HistoryEntry, ImageConfig } from '../spec/config.ts';
import type { DiffId } from '../spec/digest.ts';

/** One step of an image's making with the bytes its layer really adds. */
export interface HistoryStep {
  readonly entry: HistoryEntry;
  /** Absent for a step that made no layer. */
  readonly diffId: DiffId | undefined;
  /** Sum of file sizes in the step's layer; 0 for a step without one; undefined when the layer is not known here. */
  readonly sizeBytes: number | undefined;
}

/**
 * The steps, newest first, each with its own layer. History that names fewer steps than there are layers (foreign
 * builders write none) is filled up with steps of no name, so that no layer's bytes go untold.
 */
export function historyOf(config: ImageConfig, sizeOf: (diffId: DiffId) => number | undefined): HistoryStep[] {
  const layers = [...config.rootfs.diff_ids];
  const steps = config.history.map((entry): HistoryStep => {
    const diffId = entry.empty_layer === true ? undefined : layers.shift();
    return { entry, diffId, sizeBytes: diffId === undefined ? 0 : sizeOf(diffId) };
  });
  for (const diffId of layers) steps.push({ entry: {}, diffId, sizeBytes: sizeOf(diffId) });
  return steps.reverse();
}
