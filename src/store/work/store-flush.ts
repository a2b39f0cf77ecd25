import type { AbortOptions } from '../../lib/abort.ts';
import { FilesystemFlush } from '../../sys/syncfs.ts';
import type { Store } from '../store.ts';

/**
 * Flushes a store's filesystem; create it before the files that it has to flush. After a failed flush it is unknown
 * which files are lost, and the kernel reports the failure only once. Everything that is not durable is therefore
 * dropped: otherwise the next build would find a cached step, flush without a failure, and acknowledge an image with
 * lost files.
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

  /**
   * Drops all that is not durable, results of other processes included: flushes they open from now on report no
   * failure.
   */
  async #forget(failure: unknown): Promise<void> {
    const { layout, metadata, content } = this.#store;
    content.health.markDegraded(layout.root, failure);
    try {
      await metadata.snapshots.dropNotDurable();
      const { snapshotter } = await this.#store.openDriver();
      await snapshotter.cleanup();
    } catch {
      // The failure of the flush is the one to report.
    }
  }
}
