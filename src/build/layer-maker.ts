import type { Lease } from '../ledger/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { DiffId } from '../spec/digest.ts';

/** A layer as the image names and weighs it. */
export interface StepLayer {
  readonly diffId: DiffId;
  readonly tarSizeBytes: number;
  readonly sizeBytes: number;
}

/** A layer made of a step, and the snapshot that stands for it: another one when the same chain stood already. */
export interface MadeStepLayer extends StepLayer {
  readonly snapshotId: string;
  /** For each layer of the same build below it, nearest first, how many bytes of that one's files it deletes. */
  readonly deletes: readonly number[];
}

/** Turns what a step changed into a layer, when something needs its diffID. */
export interface LayerMaker {
  /**
   * The layer of a committed snapshot; `below` are the diffIDs under it, base first, of which the last `made` (default
   * none) are of this build. The snapshot carries its chainID afterwards, so that a second call reads nothing but a row.
   */
  make(
    snapshotId: string,
    below: readonly DiffId[],
    options: AbortOptions & { readonly lease: Lease; readonly made?: number },
  ): Promise<MadeStepLayer>;
}
