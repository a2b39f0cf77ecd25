import type { ContentStore } from '../../content/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import { TrackedContentStore } from '../../metadata/tracked-content.ts';
import { collectAfterDeaths, collectGarbage, emptyTrashBriefly } from '../garbage/collect.ts';
import type { CopiedChanges, CreatedLayer, LayersBelow, UnpackedChain, UnpackRequest } from '../layers/types.ts';
import type { Store } from '../store.ts';
import { flushMeanwhile } from './flush-meanwhile.ts';
import { openScratch, type ScratchFolder } from './scratch-folder.ts';
import { StoreFlush } from './store-flush.ts';
import type { Work, WorkResult } from './types.ts';

/**
 * Runs an operation that makes something durable:
 *
 * 1. Collect the leftovers of killed processes.
 * 2. Open a lease, under which `body` creates files and snapshots.
 * 3. Flush once, and mark the snapshots durable.
 * 4. Let `record` write the rows, which acknowledges the result.
 * 5. After a failure of any step, collect what was created at once. Empty the trash in any case.
 *
 * Rejects with the first failure, or with the signal's reason.
 */
export async function runWork<T>(
  store: Store,
  purpose: string,
  body: (work: Work) => Promise<WorkResult<T>>,
  options: AbortOptions,
): Promise<T> {
  await collectAfterDeaths(store, options);
  await using cleaning = new AsyncDisposableStack();
  cleaning.defer(async () => emptyTrashBriefly(store.layout));
  try {
    return await runUnderLease(store, purpose, body, options);
  } catch (error) {
    await collectGarbage(store).catch(() => {
      // The first failure is reported; the next collection removes what remains.
    });
    throw error;
  }
}

async function runUnderLease<T>(
  store: Store,
  purpose: string,
  body: (work: Work) => Promise<WorkResult<T>>,
  options: AbortOptions,
): Promise<T> {
  await using lease = await store.metadata.leases.open(purpose, options);
  using work = new LeasedWork(store, lease);
  const { snapshotIds, record } = await body(work);
  await work.persist(snapshotIds, options);
  return await record();
}

class LeasedWork implements Work, Disposable {
  readonly lease: StoreLease;
  readonly content: ContentStore;
  readonly #store: Store;
  readonly #disk: StoreFlush;
  /** True when something was written and not flushed yet. */
  #hasWritten = false;

  constructor(store: Store, lease: StoreLease) {
    this.lease = lease;
    this.content = new TrackedContentStore(store.content, store.metadata, lease);
    this.#store = store;
    this.#disk = new StoreFlush(store);
  }

  async scratch({ signal }: AbortOptions): Promise<ScratchFolder> {
    return await openScratch(this.#store, { lease: this.lease, signal });
  }

  async unpack(request: Omit<UnpackRequest, 'lease'>): Promise<UnpackedChain> {
    const chain = await this.#store.layers.unpack({ ...request, lease: this.lease });
    if (chain.layers.some(({ applied }) => applied !== undefined)) this.#hasWritten = true;
    return chain;
  }

  async make(snapshotId: string, below: LayersBelow, { signal }: AbortOptions): Promise<CreatedLayer> {
    const layer = await this.#store.layers.make(snapshotId, below, { lease: this.lease, signal });
    if (layer.isNew) this.#hasWritten = true;
    return layer;
  }

  async copy(snapshotId: string, changes: CopiedChanges, { signal }: AbortOptions): Promise<void> {
    this.#hasWritten = true;
    await this.#store.layers.copy(snapshotId, changes, { lease: this.lease, signal });
  }

  async flushMeanwhile<T>(task: () => Promise<T>, options: AbortOptions & { readonly pauseMs: number }): Promise<T> {
    return await flushMeanwhile(this.#disk, task, options);
  }

  /** Flushes once and marks the snapshots durable; does nothing if nothing was written and all of them are durable. */
  async persist(snapshotIds: readonly string[], { signal }: AbortOptions): Promise<void> {
    const { metadata } = this.#store;
    const isDurable = snapshotIds.every((id) => metadata.snapshots.get(id)?.durable === true);
    if (isDurable && !this.#hasWritten) return;
    await this.#disk.flush({ signal });
    // The topmost first: marking it marks all below it.
    const { snapshotter } = await this.#store.openDriver();
    for (const id of snapshotIds.toReversed()) await snapshotter.persist(id, { flushed: true, signal });
  }

  [Symbol.dispose](): void {
    this.#disk[Symbol.dispose]();
  }
}
