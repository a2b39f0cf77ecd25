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

/** Options for the storage of a new snapshot. */
export interface MakeOptions extends PrepareOptions {
  /** An active snapshot on the same parent, whose files the new one begins with. */
  readonly original?: SnapshotRecord | undefined;
}

/**
 * Base class of all drivers: the states of snapshots, their records, and the order of steps. A driver implements the
 * protected methods, which create, mount and remove storage; `DirectorySnapshotter` implements most of them for drivers
 * with a directory for each snapshot.
 *
 * A record is inserted before its storage is created and removed before its storage is removed. So a crash leaves
 * either a record of a dead lease, which garbage collection removes, or storage without a record, which {@link cleanup}
 * removes.
 */
export abstract class RecordedSnapshotter implements Snapshotter, SnapshotCleaner {
  readonly name: string;
  abstract readonly capabilities: SnapshotterCapabilities;
  readonly #ledger: SnapshotLedger;
  // The last lineage read, which never changes: each step of a build is a child of the one before, and each of 400
  // would read the records of all its ancestors several times.
  #lineage: { readonly id: string; readonly ancestors: readonly string[] } = { id: '', ancestors: [] };

  protected constructor(name: string, ledger: SnapshotLedger) {
    this.name = name;
    this.#ledger = ledger;
  }

  /**
   * Largest number of layers, each on the one before, that the driver can mount; undefined without a limit. A longer
   * chain is ERR_LAYER_LIMIT.
   */
  protected abstract readonly layerLimit: number | undefined;
  /**
   * Creates the storage of a new snapshot, complete when it resolves. `parent` is committed. After a failure the caller
   * calls {@link discard}; after a kill, {@link cleanup} does.
   */
  protected abstract make(
    record: SnapshotRecord,
    parent: SnapshotRecord | undefined,
    options: MakeOptions,
  ): Promise<void>;
  /**
   * Returns the mounts of a snapshot whose storage exists, in their order: equal each time, also after a reboot and in
   * another process. It may take time, such as for a device to become ready. Never called for a view of a parent.
   */
  protected abstract describe(
    record: SnapshotRecord,
    options: AbortOptions & { readonly readOnly: boolean },
  ): readonly Mount[] | Promise<readonly Mount[]>;
  /**
   * Returns the IDs of the snapshots whose storage a mount needs: the snapshot itself, and its ancestors where the
   * driver stacks them.
   */
  protected abstract stackOf(record: SnapshotRecord): readonly string[];
  /** Returns true when the storage of a snapshot exists and is complete; cheap. */
  protected abstract hasStorage(id: string): boolean | Promise<boolean>;
  protected abstract measure(id: string, options: AbortOptions): Promise<SnapshotUsage>;
  /**
   * Removes what only a writable snapshot needs, before its record becomes committed. Idempotent; mounting must still
   * work after it. A driver whose files are not on the root's filesystem flushes them here.
   */
  protected abstract seal(id: string): void | Promise<void>;
  /** Flushes everything written to snapshots of this driver. */
  protected abstract flush(options: AbortOptions): Promise<void>;
  /**
   * {@link flush} for a new snapshot. A driver whose new snapshots are small can override it to flush only that one.
   */
  protected async flushNew(_id: string, options: MakeOptions): Promise<void> {
    await this.flush(options);
  }

  /** Removes the storage of a snapshot, complete or not. Idempotent: after a kill it is called again. */
  protected abstract discard(id: string): void | Promise<void>;
  /** Moves the storage of `id` to the path of `lostId`, whose own storage was lost. */
  protected abstract replace(lostId: string, id: string): void | Promise<void>;
  /** Returns the IDs that have storage, complete or not. */
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
    if (!(await this.hasStorage(id))) throw filesMissing(id);
    return await this.measure(id, options);
  }

  async mounts(id: string, options: MountsOptions = {}): Promise<readonly Mount[]> {
    options.signal?.throwIfAborted();
    const record = this.record(id);
    const shown = ownsStorage(record) ? record : this.record(record.parentId ?? id);
    if (!(await this.hasStorage(shown.id))) throw filesMissing(shown.id);
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
    if (!(await this.hasStorage(id))) throw filesMissing(id);
    const parent = this.#parentForCommit(record, options.parentId);
    this.#checkLayers(parent, 1);

    const existing = chainId === undefined ? undefined : await this.#ledger.findByChainId(this.name, chainId, lease);
    const isWhole = existing !== undefined && (await this.hasStorage(existing.id));
    const flushed = options.flushed === true || (isWhole && existing.durable);
    if (durable && !flushed) await this.flush(options);
    await this.seal(id);

    const committed = await this.#ledger.commit(id, { chainId, durable, parentId: options.parentId }, lease);
    if (committed.id !== id) await this.#discardOrReplace(id, committed.id);
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
      // Checked again: a snapshot created or collected by another process meanwhile is not missing.
      if (!(await this.hasStorage(id)) && this.#ledger.get(id)) missing.push(id);
    }
    return { removed: orphans, missing };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // No resource is open.
  }

  /** Returns the record of a snapshot. Throws ERR_SNAPSHOT_NOT_FOUND, also for another driver's snapshot. */
  protected record(id: string): SnapshotRecord {
    const record = this.#ledger.get(id);
    if (record?.driver === this.name) return record;
    throw snapshotNotFound(id);
  }

  /** Returns the ancestors' IDs, nearest first. */
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
    // Storage is listed first: it had its record before, so a record missing afterwards has been removed for good.
    const ids = await this.stored();
    const records = this.#ledger.list({ driver: this.name });
    const known = new Set(records.map(({ id }) => id));
    const committed = records.filter(({ kind }) => kind === 'committed').map(({ id }) => id);
    return { orphans: [...ids].filter((id) => !known.has(id)), absent: committed.filter((id) => !ids.has(id)) };
  }

  async #create(kind: 'active' | 'view', parentId: string | undefined, options: PrepareOptions): Promise<SnapshotInfo> {
    options.signal?.throwIfAborted();
    const parent = parentId === undefined ? undefined : this.#requireCommitted(parentId);
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
      // A record is removed before its files: while it exists, all its files were there to copy.
      if (original) this.record(original.id);
      options.signal?.throwIfAborted();
    } catch (error) {
      await this.#undo(record.id, options.lease);
      if (original) this.record(original.id);
      throw error;
    }
    return infoOf(record);
  }

  // An existing snapshot without files would break every image on it, loaded again or not (moby#44909, moby#41190).
  async #discardOrReplace(id: string, existingId: string): Promise<void> {
    if (await this.hasStorage(existingId)) await this.discard(id);
    else await this.replace(existingId, id);
  }

  async #undo(id: string, lease: Lease): Promise<void> {
    try {
      await this.#ledger.remove(id, lease);
      await this.discard(id);
    } catch {
      // The caller reports the first failure; the lease's end and cleanup remove the rest.
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

  #requireCommitted(id: string): SnapshotRecord {
    const record = this.record(id);
    if (record.kind === 'committed') return record;
    throw new StrataError({
      code: 'ERR_SNAPSHOT_NOT_COMMITTED',
      message: `snapshot ${id}: ${record.kind}, only a committed one can be built upon`,
      hint: 'Use a committed snapshot as the parent.',
    });
  }

  #parentForCommit(record: SnapshotRecord, parentId: string | undefined): SnapshotRecord | undefined {
    if (parentId === undefined) return record.parentId === undefined ? undefined : this.record(record.parentId);
    invariant(this.capabilities.parallelApply, `${this.name} gives a snapshot its parent in prepare`);
    invariant(record.parentId === undefined, `snapshot ${record.id} has a parent already`);
    return this.#requireCommitted(parentId);
  }
}

// A view of a parent has no files of its own.
const ownsStorage = (record: SnapshotRecord): boolean => record.kind !== 'view' || record.parentId === undefined;

const filesMissing = (id: string): StrataError => snapshotDamaged(id, 'its files are missing');

function infoOf(record: SnapshotRecord): SnapshotInfo {
  const { id, kind, parentId, chainId, labels } = record;
  return { id, kind, parentId, chainId, createdAt: new Date(record.createdAt), labels };
}
