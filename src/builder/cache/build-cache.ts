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
  /** The storage driver of this build. A store may hold the snapshots of several, and results of each under one key. */
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

  async find(key: string): Promise<Cached<FilesystemResult> | undefined> {
    const isWanted = ({ result }: BuildRecord): boolean => this.#isUsable(readResult(result)?.snapshotId);
    const record = await this.#records.find(key, this.#lease, isWanted);
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

  /** A snapshot of another driver cannot be built upon; one that a power cut took is gone. */
  #isUsable(snapshotId: string | undefined): boolean {
    const snapshot = snapshotId === undefined ? undefined : this.#snapshots.get(snapshotId);
    return snapshot?.kind === 'committed' && snapshot.driver === this.#driver;
  }

  /** A key names no driver; the record of a result does, so that each driver's stands beside the others'. */
  #idOf(key: string): string {
    return `${key}@${this.#driver}`;
  }
}
