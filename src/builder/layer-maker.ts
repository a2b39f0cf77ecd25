import type { Lease } from '../ledger/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { ChainId, DiffId } from '../spec/digest.ts';

/** A layer as the image names and weighs it. */
export interface StepLayer {
  readonly diffId: DiffId;
  readonly tarSizeBytes: number;
  readonly sizeBytes: number;
}

/** A layer made of a step, and the snapshot that stands for it: another one when the same chain stood already. */
export interface MadeStepLayer extends StepLayer {
  readonly snapshotId: string;
  /** Of this layer and all below it. */
  readonly chainId: ChainId;
  /** For each layer of the same build below it, nearest first, how many bytes of that one's files it deletes. */
  readonly deletes: readonly number[];
}

/** The layers that a step stands on. */
export interface LayersBelow {
  /** Of all of them; undefined when there are none. */
  readonly chainId: ChainId | undefined;
  /** Those that the same build made, nearest first. */
  readonly made: readonly DiffId[];
}

/** Turns what a step changed into a layer, when something needs its diffID. */
export interface LayerMaker {
  /**
   * Returns the layer of a committed snapshot. The snapshot carries its chainID afterwards, so that a second call reads
   * nothing but a row.
   */
  make(
    snapshotId: string,
    below: LayersBelow,
    options: AbortOptions & { readonly lease: Lease },
  ): Promise<MadeStepLayer>;
}
