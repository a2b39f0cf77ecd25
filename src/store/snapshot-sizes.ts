import { isStrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { ObjectRef } from '../metadata/objects.ts';
import type { Store } from './store.ts';

/** Sizes of snapshots on the disk, measured before the snapshots are removed. */
export class SnapshotSizes {
  readonly #sizes: ReadonlyMap<string, number>;

  private constructor(sizes: ReadonlyMap<string, number>) {
    this.#sizes = sizes;
  }

  /** Measures the allocated bytes of each snapshot; one of another driver or without files counts as 0. */
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

  /** Returns the size of a snapshot, 0 if it was not measured. */
  of(id: string): number {
    return this.#sizes.get(id) ?? 0;
  }

  /** Returns the total size of the snapshots among these objects. */
  sumOf(objects: readonly ObjectRef[]): number {
    return objects.reduce((total, { kind, key }) => total + (kind === 'snapshot' ? this.of(key) : 0), 0);
  }
}
