import type { ContentStore } from '../../content/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import type { CopiedChanges, CreatedLayer, LayersBelow, UnpackedChain, UnpackRequest } from '../layers/types.ts';
import type { ScratchFolder } from './scratch-folder.ts';

/** What a body of work made and how it is recorded, once that is on the disk. */
export interface WorkResult<T> {
  /** Snapshots that what is recorded stands on. */
  readonly snapshotIds: readonly string[];
  /** Writes documents and rows; called when the files of the snapshots survive a power cut. */
  readonly record: () => Promise<T> | T;
}

/** Work that makes something durable, under a lease that keeps what was made until it is recorded. */
export interface Work {
  readonly lease: StoreLease;
  /** Blobs, each pinned to the lease as it is written or looked up. */
  readonly content: ContentStore;
  /** Makes an empty folder on the store's filesystem for what only passes through; gone with the lease at the latest. */
  scratch(options: AbortOptions): Promise<ScratchFolder>;
  /** Makes a chain of layers stand. Throws as `unpackChain`. */
  unpack(request: Omit<UnpackRequest, 'lease'>): Promise<UnpackedChain>;
  /** Returns the layer of a committed snapshot's changes, made at the first call. */
  make(snapshotId: string, below: LayersBelow, options: AbortOptions): Promise<CreatedLayer>;
  /** Gives a new snapshot a copy of changes to the same parent, and makes the layer of them on the way. */
  copy(snapshotId: string, changes: CopiedChanges, options: AbortOptions): Promise<void>;
  /** Runs `task` and has the disk written to meanwhile, so that the flush at the end finds little left. */
  flushMeanwhile<T>(task: () => Promise<T>, options: AbortOptions & { readonly pauseMs: number }): Promise<T>;
}
