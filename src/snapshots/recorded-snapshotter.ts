import { isStrataError, StrataError } from '../errors/index.ts';
import { snapshotNotActive, snapshotNotFound } from '../ledger/failures.ts';
import type { Lease, SnapshotLedger, SnapshotRecord } from '../ledger/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { invariant } from '../lib/invariant.ts';
import type { Mount } from '../sys/mount-list.ts';
import { randomHex } from '../sys/random-hex.ts';
import { snapshotDamaged } from './snapshot-damaged.ts';
import type {
  CleanupReport,
  CommitOptions,
  MountsOptions,
  PersistOptions,
  PrepareOptions,
  RemoveOptions,
  SnapshotCleaner,
  SnapshotInfo,
  Snapshotter,
  SnapshotterCapabilities,
  SnapshotUsage,
} from './types.ts';

/** How the storage of a new snapshot is to be made. */
export interface MakeOptions extends PrepareOptions {
  /** An active snapshot on the same parent, to be copied. */
  readonly original?: SnapshotRecord | undefined;
}

/**
 * What all drivers share: the states, the records, the order of steps. A driver says how storage is made, mounted and
 * thrown away; `DirectorySnapshotter` says so for those that keep a directory for each snapshot.
 *
 * A record is inserted before its storage is made and removed before its storage goes, so a crash leaves either a
 * record of a dead lease or storage without a record; {@link cleanup} and garbage collection take one each.
 */
export abstract class RecordedSnapshotter implements Snapshotter, SnapshotCleaner {
  readonly name: string;
  abstract readonly capabilities: SnapshotterCapabilities;
  readonly #ledger: SnapshotLedger;
  // The lineage asked for last, which never changes: each of a build's steps stands on the one before, and each of the
  // 400 would read the records of all below it, several times.
  #lineage: { readonly id: string; readonly ancestors: readonly string[] } = { id: '', ancestors: [] };

  protected constructor(name: string, ledger: SnapshotLedger) {
    this.name = name;
    this.#ledger = ledger;
  }

  /** How many committed snapshots, one on the other, the driver can show; undefined is no limit. */
  protected abstract readonly layerLimit: number | undefined;
  /** Makes the storage of a new snapshot; `parent` is committed. {@link discard} takes what a failure leaves. */
  protected abstract make(
    record: SnapshotRecord,
    parent: SnapshotRecord | undefined,
    options: MakeOptions,
  ): Promise<void>;
  /** How to mount what a snapshot shows, whose storage is there; it may take time to get ready. Never asked for a view of a parent. */
  protected abstract describe(
    record: SnapshotRecord,
    options: AbortOptions & { readonly readOnly: boolean },
  ): readonly Mount[] | Promise<readonly Mount[]>;
  /** The snapshots whose storage a mount needs: the snapshot itself, and its ancestors where the driver stacks them. */
  protected abstract stackOf(record: SnapshotRecord): readonly string[];
  /** Returns true when the storage of a snapshot is there and whole. */
  protected abstract hasStorage(id: string): boolean | Promise<boolean>;
  protected abstract measure(id: string, options: AbortOptions): Promise<SnapshotUsage>;
  /**
   * Puts away what only a writable snapshot needs, before its record says that it is committed. Idempotent; a mount must
   * still work after it. A driver whose files are not on the root's filesystem flushes them here.
   */
  protected abstract seal(id: string): void | Promise<void>;
  /** Flushes all that was written to snapshots of this driver. */
  protected abstract flush(options: AbortOptions): Promise<void>;
  /** {@link flush} for a snapshot that was just made; a driver that makes little can flush that alone. */
  protected async flushNew(_id: string, options: MakeOptions): Promise<void> {
    await this.flush(options);
  }

  /** Lets the storage of a snapshot go, finished or not. Idempotent. */
  protected abstract discard(id: string): void | Promise<void>;
  /** Puts the storage of `id` in the place of another snapshot's that was lost. */
  protected abstract replace(lostId: string, id: string): void | Promise<void>;
  /** Ids that have storage, finished or not. */
  protected abstract stored(): ReadonlySet<string> | Promise<ReadonlySet<string>>;

  stat(id: string): SnapshotInfo {
    return infoOf(this.record(id));
  }

  async update(id: string, labels: Readonly<Record<string, string>>): Promise<SnapshotInfo> {
    this.record(id);
    return infoOf(await this.#ledger.setLabels(id, labels));
  }

  list(): SnapshotInfo[] {
    return this.#ledger.list({ driver: this.name }).map(infoOf);
  }

  async usage(id: string, options: AbortOptions = {}): Promise<SnapshotUsage> {
    options.signal?.throwIfAborted();
    const record = this.record(id);
    if (!ownsStorage(record)) return { sizeBytes: 0, inodes: 0 };
    if (!(await this.hasStorage(id))) throw filesGone(id);
    return await this.measure(id, options);
  }

  async mounts(id: string, options: MountsOptions = {}): Promise<readonly Mount[]> {
    options.signal?.throwIfAborted();
    const record = this.record(id);
    const shown = ownsStorage(record) ? record : this.record(record.parentId ?? id);
    if (!(await this.hasStorage(shown.id))) throw filesGone(shown.id);
    return await this.describe(shown, { ...options, readOnly: options.readOnly === true || shown.kind !== 'active' });
  }

  async isWhole(id: string): Promise<boolean> {
    try {
      for (const part of this.stackOf(this.record(id))) if (!(await this.hasStorage(part))) return false;
      return true;
    } catch (error) {
      if (isStrataError(error, 'ERR_SNAPSHOT_DAMAGED')) return false;
      throw error;
    }
  }

  async prepare(parentId: string | undefined, options: PrepareOptions): Promise<SnapshotInfo> {
    return await this.#create('active', parentId, options);
  }

  async view(parentId: string | undefined, options: PrepareOptions): Promise<SnapshotInfo> {
    return await this.#create('view', parentId, options);
  }

  async commit(id: string, options: CommitOptions): Promise<SnapshotInfo> {
    options.signal?.throwIfAborted();
    const { chainId, lease, durable = true } = options;
    const record = this.record(id);
    if (record.kind !== 'active') throw snapshotNotActive(id, record.kind);
    if (!(await this.hasStorage(id))) throw filesGone(id);
    const parent = this.#parentForCommit(record, options.parentId);
    this.#checkLayers(parent, 1);

    const standing = chainId === undefined ? undefined : await this.#ledger.findByChainId(this.name, chainId, lease);
    const stands = standing !== undefined && (await this.hasStorage(standing.id));
    const flushed = options.flushed === true || (stands && standing.durable);
    if (durable && !flushed) await this.flush(options);
    await this.seal(id);

    const committed = await this.#ledger.commit(id, { chainId, durable, parentId: options.parentId }, lease);
    if (committed.id !== id) await this.#giveWay(id, committed.id);
    return infoOf(committed);
  }

  async persist(id: string, options: PersistOptions = {}): Promise<SnapshotInfo> {
    options.signal?.throwIfAborted();
    const record = this.record(id);
    if (record.durable) return infoOf(record);
    if (options.flushed !== true) await this.flush(options);
    return infoOf(await this.#ledger.setDurable(id));
  }

  async remove(id: string, options: RemoveOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.record(id);
    await this.#ledger.remove(id, options.lease);
    await this.discard(id);
  }

  async orphans(options: AbortOptions = {}): Promise<readonly string[]> {
    return (await this.#compare(options)).orphans;
  }

  async cleanup(options: AbortOptions = {}): Promise<CleanupReport> {
    const { orphans, absent } = await this.#compare(options);
    for (const id of orphans) {
      options.signal?.throwIfAborted();
      await this.discard(id);
    }
    const missing: string[] = [];
    for (const id of absent) {
      // Looked at again: one made or collected by another process in the meantime is not missing.
      if (!(await this.hasStorage(id)) && this.#ledger.get(id)) missing.push(id);
    }
    return { removed: orphans, missing };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held open.
  }

  /** Throws ERR_SNAPSHOT_NOT_FOUND, also for another driver's snapshot. */
  protected record(id: string): SnapshotRecord {
    const record = this.#ledger.get(id);
    if (record?.driver === this.name) return record;
    throw snapshotNotFound(id);
  }

  /** The ancestors' ids, nearest first. */
  protected lineage(record: SnapshotRecord): readonly string[] {
    const { id, parentId, kind } = record;
    const known = this.#lineage;
    if (known.id === id) return known.ancestors;
    const ancestors = parentId === undefined ? [] : [parentId, ...this.#lineageOf(parentId, record)];
    if (kind === 'committed') this.#lineage = { id, ancestors };
    return ancestors;
  }

  #lineageOf(parentId: string, { id }: SnapshotRecord): readonly string[] {
    if (this.#lineage.id === parentId) return this.#lineage.ancestors;
    const ancestors: string[] = [];
    for (let next: string | undefined = parentId; next !== undefined; ) {
      const ancestor = this.#ledger.get(next);
      if (!ancestor || ancestors.length > 10_000) throw snapshotDamaged(id, `ancestor ${next} is not recorded`);
      if (next !== parentId) ancestors.push(next);
      next = ancestor.parentId;
    }
    return ancestors;
  }

  async #compare({ signal }: AbortOptions): Promise<{ readonly orphans: string[]; readonly absent: string[] }> {
    signal?.throwIfAborted();
    // Storage first: what is seen now had its record before, so a record missing afterwards is gone for good.
    const ids = await this.stored();
    const records = this.#ledger.list({ driver: this.name });
    const known = new Set(records.map(({ id }) => id));
    const committed = records.filter(({ kind }) => kind === 'committed').map(({ id }) => id);
    return { orphans: [...ids].filter((id) => !known.has(id)), absent: committed.filter((id) => !ids.has(id)) };
  }

  async #create(kind: 'active' | 'view', parentId: string | undefined, options: PrepareOptions): Promise<SnapshotInfo> {
    options.signal?.throwIfAborted();
    const parent = parentId === undefined ? undefined : this.#committed(parentId);
    this.#checkLayers(parent, 0);
    const original = options.copyOf === undefined ? undefined : this.record(options.copyOf);
    invariant(
      original === undefined || (original.kind === 'active' && original.parentId === parentId),
      'a copy is made of an active snapshot on the same parent',
    );
    const record: SnapshotRecord = {
      // 80 random bits: never used again.
      id: randomHex(10),
      driver: this.name,
      kind,
      parentId,
      chainId: undefined,
      durable: false,
      createdAt: Date.now(),
      labels: { ...options.labels },
    };
    await this.#ledger.insert(record, options.lease, options);
    try {
      if (ownsStorage(record)) {
        await this.make(record, parent, { ...options, original });
        if (options.durable === true) await this.flushNew(record.id, { ...options, original });
      }
      // A record goes before its files: as long as it stands, all that it had was there to copy.
      if (original) this.record(original.id);
      options.signal?.throwIfAborted();
    } catch (error) {
      await this.#undo(record.id, options.lease);
      if (original) this.record(original.id);
      throw error;
    }
    return infoOf(record);
  }

  // A standing snapshot without files would keep every image on it broken, pulled again or not (moby#44909, moby#41190).
  async #giveWay(id: string, standingId: string): Promise<void> {
    if (await this.hasStorage(standingId)) await this.discard(id);
    else await this.replace(standingId, id);
  }

  async #undo(id: string, lease: Lease): Promise<void> {
    try {
      await this.#ledger.remove(id, lease);
      await this.discard(id);
    } catch {
      // The first failure is the one to tell; the lease's end and cleanup take what stays.
    }
  }

  #checkLayers(parent: SnapshotRecord | undefined, added: number): void {
    if (this.layerLimit === undefined) return;
    const layers = (parent ? this.lineage(parent).length + 1 : 0) + added;
    if (layers <= this.layerLimit) return;
    throw new StrataError({
      code: 'ERR_LAYER_LIMIT',
      message: `layer ${layers}: ${this.name} stacks at most ${this.layerLimit} layers`,
      hint: 'Squash some layers of the image, or join steps of its Dockerfile.',
      details: { layers, limit: this.layerLimit },
    });
  }

  #committed(id: string): SnapshotRecord {
    const record = this.record(id);
    if (record.kind === 'committed') return record;
    throw new StrataError({
      code: 'ERR_SNAPSHOT_NOT_COMMITTED',
      message: `snapshot ${id}: ${record.kind}, only a committed one can be built upon`,
    });
  }

  #parentForCommit(record: SnapshotRecord, parentId: string | undefined): SnapshotRecord | undefined {
    if (parentId === undefined) return record.parentId === undefined ? undefined : this.record(record.parentId);
    invariant(this.capabilities.parallelApply, `${this.name} gives a snapshot its parent in prepare`);
    invariant(record.parentId === undefined, `snapshot ${record.id} has a parent already`);
    return this.#committed(parentId);
  }
}

// A view of a parent adds nothing of its own.
const ownsStorage = (record: SnapshotRecord): boolean => record.kind !== 'view' || record.parentId === undefined;

const filesGone = (id: string): StrataError => snapshotDamaged(id, 'its files are gone');

function infoOf(record: SnapshotRecord): SnapshotInfo {
  const { id, kind, parentId, chainId, labels } = record;
  return { id, kind, parentId, chainId, createdAt: new Date(record.createdAt), labels };
}
