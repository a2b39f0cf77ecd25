import type { ContentStore } from '../../content/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import type { CopiedChanges, CreatedLayer, LayersBelow, UnpackedChain, UnpackRequest } from '../layers/types.ts';
import type { ScratchFolder } from './scratch-folder.ts';

/** The result of an operation's body: snapshots to make durable, and how to record the result afterwards. */
export interface WorkResult<T> {
  /** Snapshots on which the recorded objects depend. */
  readonly snapshotIds: readonly string[];
  /** Writes documents and rows; called once the files of the snapshots survive a power cut. */
  readonly record: () => Promise<T> | T;
}

/** An operation that makes something durable, under a lease that keeps its files until they are recorded. */
export interface Work {
  readonly lease: StoreLease;
  /** Blobs, each pinned to the lease as it is written or looked up. */
  readonly content: ContentStore;
  /** Creates a temporary folder on the store's filesystem, which is removed with the lease at the latest. */
  scratch(options: AbortOptions): Promise<ScratchFolder>;
  /** Unpacks the missing layers of a chain. Throws as `unpackChain`. */
  unpack(request: Omit<UnpackRequest, 'lease'>): Promise<UnpackedChain>;
  /** Returns the layer of a committed snapshot's changes, made at the first call. */
  make(snapshotId: string, below: LayersBelow, options: AbortOptions): Promise<CreatedLayer>;
  /** Copies changes on the same parent into a new snapshot, and makes their layer at the same time. */
  copy(snapshotId: string, changes: CopiedChanges, options: AbortOptions): Promise<void>;
  /** Runs `task` and flushes the disk from time to time meanwhile, so that little is left for the final flush. */
  flushMeanwhile<T>(task: () => Promise<T>, options: AbortOptions & { readonly pauseMs: number }): Promise<T>;
}
