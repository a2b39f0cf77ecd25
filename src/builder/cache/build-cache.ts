import type { Lease, SnapshotLedger } from '../../ledger/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { BuildRecord, BuildRecords } from '../../metadata/build-records.ts';
import type { KeyLocks } from '../../store/key-locks.ts';
import type { FilesystemResult } from '../ops/filesystem-result.ts';
import type { Cached, CacheStore, SavedStep } from '../solver/types.ts';
import { readResult, writeResult } from './cached-result.ts';

export interface BuildCacheParts {
  readonly records: BuildRecords;
  readonly snapshots: SnapshotLedger;
  readonly locks: KeyLocks;
  readonly lease: Lease;
  /**
   * Storage driver of this build. A store may have snapshots of several drivers, and under one key a result of each.
   */
  readonly driver: string;
}

/**
 * Results of earlier build steps, recorded in the metadata; a result that a build finds is kept while its lease lives.
 */
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

  async find(key: string): Promise<Cached<FilesystemResult> | undefined> {
    const isUsable = ({ result }: BuildRecord): boolean => this.#isUsable(readResult(result)?.snapshotId);
    const record = await this.#records.find(key, this.#lease, isUsable);
    const result = record && readResult(record.result);
    if (record === undefined || result === undefined) return undefined;
    const { identity, snapshotId, createdAt } = result;
    return { key: record.key, result: { identity, snapshotId, createdAt } };
  }

  async save({ key, definitionKey, name, inputs }: SavedStep, result: FilesystemResult): Promise<void> {
    const { identity, snapshotId, createdAt } = result;
    if (snapshotId === undefined) return;
    await this.#records.put(
      {
        id: this.#idOf(key),
        key,
        otherKeys: definitionKey === undefined ? [] : [definitionKey],
        description: name,
        result: writeResult({ identity, snapshotId, createdAt, inputs }),
        sizeBytes: 0,
        links: [{ kind: 'snapshot', key: snapshotId }],
      },
      this.#lease,
    );
  }

  async addKey({ key }: Cached<FilesystemResult>, another: string): Promise<void> {
    await this.#records.addKey(this.#idOf(key), another);
  }

  async lock(key: string, options: AbortOptions): Promise<AsyncDisposable> {
    return await this.#locks.lock(key, options);
  }

  /** False for a snapshot of another driver, and for one that a power cut has destroyed. */
  #isUsable(snapshotId: string | undefined): boolean {
    const snapshot = snapshotId === undefined ? undefined : this.#snapshots.get(snapshotId);
    return snapshot?.kind === 'committed' && snapshot.driver === this.#driver;
  }

  /** Returns the ID of a record: the key and the driver, so that each driver has a result of its own. */
  #idOf(key: string): string {
    return `${key}@${this.#driver}`;
  }
}
