import type { AbortOptions } from '../../lib/abort.ts';
import { FilesystemFlush } from '../../sys/syncfs.ts';
import type { Store } from '../store.ts';

/**
 * The flush of a store that counts for what is made from now on. What the disk did not take is not known, and the kernel
 * calls it written afterwards: so all that is not durable by then is forgotten, or the next build would find a step in
 * the cache, flush without a failure, and acknowledge an image of lost files.
 */
export class StoreFlush implements Disposable {
  readonly #store: Store;
  readonly #flush: FilesystemFlush;

  constructor(store: Store) {
    this.#store = store;
    this.#flush = new FilesystemFlush(store.layout.root);
  }

  async flush(options: AbortOptions = {}): Promise<void> {
    try {
      await this.#flush.flush(options);
    } catch (error) {
      options.signal?.throwIfAborted();
      await this.#forget(error);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#flush[Symbol.dispose]();
  }

  /** Also what other processes are making at this time: their flushes would be told nothing if they began just now. */
  async #forget(failure: unknown): Promise<void> {
    const { layout, metadata, content } = this.#store;
    content.health.markDegraded(layout.root, failure);
    try {
      await metadata.snapshots.dropNotDurable();
      const { snapshotter } = await this.#store.openDriver();
      await snapshotter.cleanup();
    } catch {
      // The first failure is the one to tell.
    }
  }
}
