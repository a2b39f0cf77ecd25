import { createHash } from 'node:crypto';
import type { FilesystemResult } from '../../builder/ops/filesystem-result.ts';
import type { CacheStore } from '../../builder/solver/types.ts';
import type { Lease, SnapshotLedger } from '../../ledger/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { BuildRecords } from '../../metadata/build-records.ts';
import type { KeyLocks } from '../../store/key-locks.ts';

export interface BuildCacheParts {
  readonly records: BuildRecords;
  readonly snapshots: SnapshotLedger;
  readonly locks: KeyLocks;
  readonly lease: Lease;
  /** One store may hold the snapshots of several: a result is of use to the driver that made it. */
  readonly driver: string;
}

/** The results of earlier build steps, kept in the metadata; what a build finds stays while its lease lives. */
export class BuildCache implements CacheStore<FilesystemResult> {
  readonly #records: BuildRecords;
  readonly #snapshots: SnapshotLedger;
  readonly #locks: KeyLocks;
  readonly #lease: Lease;
  readonly #driver: string;

  constructor({ records, snapshots, locks, lease, driver }: BuildCacheParts) {
    this.#records = records;
    this.#snapshots = snapshots;
    this.#locks = locks;
    this.#lease = lease;
    this.#driver = driver;
  }

  async find(key: string): Promise<FilesystemResult | undefined> {
    const record = this.#records.find(this.#keyOf(key), this.#lease);
    const { result } = record ?? {};
    if (typeof result !== 'object' || result === null || Array.isArray(result)) return undefined;
    const { identity, snapshotId, createdAt } = result as { readonly [key: string]: unknown };
    if (typeof identity !== 'string' || typeof snapshotId !== 'string' || typeof createdAt !== 'number')
      return undefined;
    // A step that was not acknowledged before the machine stopped is gone with its snapshot.
    if (this.#snapshots.get(snapshotId)?.kind !== 'committed') return undefined;
    return { identity, snapshotId, createdAt };
  }

  async save(key: string, result: FilesystemResult, vertex: { readonly name: string }): Promise<void> {
    const { identity, snapshotId, createdAt } = result;
    if (snapshotId === undefined) return;
    this.#records.put(
      {
        key: this.#keyOf(key),
        description: vertex.name,
        result: { identity, snapshotId, createdAt },
        sizeBytes: 0,
        links: [{ kind: 'snapshot', key: snapshotId }],
      },
      this.#lease,
    );
  }

  async lock(key: string, options: AbortOptions): Promise<AsyncDisposable> {
    return await this.#locks.lock(this.#keyOf(key), options);
  }

  #keyOf(key: string): string {
    return `sha256:${createHash('sha256').update(`${this.#driver} ${key}`).digest('hex')}`;
  }
}
