import { isStrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { ObjectRef } from '../metadata/objects.ts';
import type { Store } from './store.ts';

/** What snapshots took of the disk before they were removed. */
export class SnapshotSizes {
  readonly #sizes: ReadonlyMap<string, number>;

  private constructor(sizes: ReadonlyMap<string, number>) {
    this.#sizes = sizes;
  }

  /** Allocated blocks of each; those of another driver or without files count as nothing. */
  static async measure(
    store: Pick<Store, 'openDriver'>,
    ids: Iterable<string>,
    options: AbortOptions,
  ): Promise<SnapshotSizes> {
    const { snapshotter } = await store.openDriver();
    const sizes = new Map<string, number>();
    for (const id of new Set(ids)) {
      try {
        sizes.set(id, (await snapshotter.usage(id, options)).sizeBytes);
      } catch (error) {
        if (!isStrataError(error, 'ERR_SNAPSHOT_NOT_FOUND') && !isStrataError(error, 'ERR_SNAPSHOT_DAMAGED'))
          throw error;
      }
    }
    return new SnapshotSizes(sizes);
  }

  of(id: string): number {
    return this.#sizes.get(id) ?? 0;
  }

  /** Of the snapshots among these objects. */
  sumOf(objects: readonly ObjectRef[]): number {
    return objects.reduce((total, { kind, key }) => total + (kind === 'snapshot' ? this.of(key) : 0), 0);
  }
}
