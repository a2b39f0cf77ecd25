import type { Result } from '../solver/types.ts';

/** The filesystem after a step: a committed snapshot, or nothing at all (scratch). */
export interface FilesystemResult extends Result {
  readonly snapshotId: string | undefined;
  /** Time at which the step's work was done, also for a cached result: milliseconds since the epoch. */
  readonly createdAt: number;
}
