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
 * A config's history with a step for each layer. One that names fewer (foreign builders write none) is filled up with steps
 * of no name: what is added to it stands for layers added, and must not be taken for one of those below.
 */
export function completeHistory({ history, rootfs }: Pick<ImageConfig, 'history' | 'rootfs'>): HistoryEntry[] {
  const filled = history.filter((entry) => entry.empty_layer !== true).length;
  return [...history, ...rootfs.diff_ids.slice(filled).map(() => ({}))];
}

/** The steps, newest first, each with its own layer. */
export function historyOf(config: ImageConfig, sizeOf: (diffId: DiffId) => number | undefined): HistoryStep[] {
  const layers = [...config.rootfs.diff_ids];
  const steps = completeHistory(config).map((entry): HistoryStep => {
    const diffId = entry.empty_layer === true ? undefined : layers.shift();
    return { entry, diffId, sizeBytes: diffId === undefined ? 0 : sizeOf(diffId) };
  });
  return steps.reverse();
}
