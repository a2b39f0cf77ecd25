import type { HistoryEntry, ImageConfig } from '../spec/config.ts';
import type { DiffId } from '../spec/digest.ts';

/** One step of an image's history, with the bytes that its layer really adds. */
export interface HistoryStep {
  readonly entry: HistoryEntry;
  /** Undefined for a step that made no layer. */
  readonly diffId: DiffId | undefined;
  /**
   * Sum of file sizes in the step's layer; 0 for a step without one; undefined when the store does not know the layer.
   */
  readonly sizeBytes: number | undefined;
}

/**
 * Returns a config's history with one step for each layer. A shorter history (other builders write none) is completed
 * with empty steps: a step appended to it later must not be paired with a layer below.
 */
export function completeHistory({ history, rootfs }: Pick<ImageConfig, 'history' | 'rootfs'>): HistoryEntry[] {
  const filled = history.filter((entry) => entry.empty_layer !== true).length;
  return [...history, ...rootfs.diff_ids.slice(filled).map(() => ({}))];
}

/** Returns the steps, newest first, each with its own layer. */
export function historyOf(config: ImageConfig, sizeOf: (diffId: DiffId) => number | undefined): HistoryStep[] {
  const layers = [...config.rootfs.diff_ids];
  const steps = completeHistory(config).map((entry): HistoryStep => {
    const diffId = entry.empty_layer === true ? undefined : layers.shift();
    return { entry, diffId, sizeBytes: diffId === undefined ? 0 : sizeOf(diffId) };
  });
  return steps.reverse();
}
