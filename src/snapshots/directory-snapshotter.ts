import { StrataError } from '../errors/index.ts';
import { snapshotNotActive, snapshotNotFound } from '../ledger/failures.ts';
import type { Lease, SnapshotLedger, SnapshotRecord } from '../ledger/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { invariant } from '../lib/invariant.ts';
import { syncFilesystem } from '../sys/syncfs.ts';
import { newSnapshotId, SnapshotDirectories } from './snapshot-directories.ts';
import type { OpenDriverOptions } from './storage-driver.ts';
import { treeUsage } from './tree-usage.ts';
import type {
  CleanupReport,
  CommitOptions,
  Mount,
  PersistOptions,
  PrepareOptions,
  RemoveOptions,
  SnapshotCleaner,
  SnapshotInfo,
  Snapshotter,
  SnapshotterCapabilities,
  SnapshotUsage,
} from './types.ts';

/** How a new snapshot's directory is to be filled. */
export interface FillOptions extends PrepareOptions {
  /** An active snapshot on the same parent, to be copied. */
  readonly original?: SnapshotRecord | undefined;
}

/**
 * What drivers that keep a snapshot as a directory share: the states, the records, the order of steps. A driver says
 * how a directory is filled and how a state is mounted.
 *
 * A record is inserted before its directory is made and removed before its directory goes, so a crash leaves either a
 * record of a dead lease or a directory without a record; {@link cleanup} and garbage collection take one each.
 */
export abstract class DirectorySnapshotter implements Snapshotter, SnapshotCleaner {
  readonly name: string;
  abstract readonly capabilities: SnapshotterCapabilities;
  protected readonly directories: SnapshotDirectories;
  readonly #ledger: SnapshotLedger;
  // The lineage asked for last, which never changes: each of a build's steps stands on the one before, and each of the
  // 400 would read the records of all below it, several times.
  #lineage: { readonly id: string; readonly ancestors: readonly string[] } = { id: '', ancestors: [] };

  protected constructor(name: string, options: OpenDriverOptions) {
    this.name = name;
    this.#ledger = options.ledger;
    this.directories = new SnapshotDirectories(options.root, name);
  }

  /** Makes the contents of a new snapshot's directory; `parent` is committed. */
  protected abstract fill(
    directory: string,
    parent: SnapshotRecord | undefined,
    options: FillOptions,
  ): void | Promise<void>;
  protected abstract describe(record: SnapshotRecord): readonly Mount[];
  /** How many committed snapshots, one on the other, the driver can show; undefined is no limit. */
  protected abstract readonly layerLimit: number | undefined;
  /** Puts away what only a writable snapshot needs. Idempotent; `describe` must still work after it. */
  protected abstract seal(id: string): void;

  stat(id: string): SnapshotInfo {
    return infoOf(this.record(id));
  }

  update(id: string, labels: Readonly<Record<string, string>>): SnapshotInfo {
    this.record(id);
    return infoOf(this.#ledger.setLabels(id, labels));
  }

  list(): SnapshotInfo[] {
    return this.#ledger.list({ driver: this.name }).map(infoOf);
  }

  async usage(id: string, options: AbortOptions = {}): Promise<SnapshotUsage> {
    options.signal?.throwIfAborted();
    const record = this.record(id);
    if (!hasDirectory(record)) return { sizeBytes: 0, inodes: 0 };
    return await treeUsage(this.treeOf(id), options);
  }

  mounts(id: string): readonly Mount[] {
    return this.describe(this.record(id));
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
    this.treeOf(id);
    const parent = this.#parentForCommit(record, options.parentId);
    this.#checkLayers(parent, 1);

    const standing = chainId === undefined ? undefined : this.#ledger.findByChainId(this.name, chainId, lease);
    const stands = standing !== undefined && this.directories.exists(standing.id);
    const flushed = options.flushed === true || (stands && standing.durable);
    if (durable && !flushed) await syncFilesystem(this.directories.base, options);
    this.seal(id);

    const committed = this.#ledger.commit(id, { chainId, durable, parentId: options.parentId }, lease);
    if (committed.id !== id) this.#giveWay(id, committed.id);
    return infoOf(committed);
  }

  async persist(id: string, options: PersistOptions = {}): Promise<SnapshotInfo> {
    options.signal?.throwIfAborted();
    const record = this.record(id);
    if (record.durable) return infoOf(record);
    if (options.flushed !== true) await syncFilesystem(this.directories.base, options);
    return infoOf(this.#ledger.setDurable(id));
  }

  async remove(id: string, options: RemoveOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.record(id);
    this.#ledger.remove(id, options.lease);
    this.directories.discard(id);
  }

  async cleanup(options: AbortOptions = {}): Promise<CleanupReport> {
    options.signal?.throwIfAborted();
    // Directories first: one seen now had its record before, so a record missing afterwards is gone for good.
    const ids = this.directories.ids();
    const records = new Map(this.#ledger.list({ driver: this.name }).map((record) => [record.id, record]));
    const removed = [...ids].filter((id) => !records.has(id));
    for (const id of removed) {
      options.signal?.throwIfAborted();
      this.directories.discard(id);
    }
    // Read again: one made or collected by another process in the meantime is not missing.
    const missing = [...records.values()]
      .filter(({ id, kind }) => kind === 'committed' && !ids.has(id) && !this.directories.exists(id))
      .filter(({ id }) => this.#ledger.get(id));
    return { removed, missing: missing.map(({ id }) => id) };
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
      if (!ancestor || ancestors.length > 10_000) throw damaged(id, `ancestor ${next} is not recorded`);
      if (next !== parentId) ancestors.push(next);
      next = ancestor.parentId;
    }
    return ancestors;
  }

  /** The directory with the snapshot's files. Throws ERR_SNAPSHOT_DAMAGED when it is gone. */
  protected treeOf(id: string): string {
    if (!this.directories.exists(id)) throw damaged(id, 'its files are gone');
    return this.directories.tree(id);
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
      id: newSnapshotId(),
      driver: this.name,
      kind,
      parentId,
      chainId: undefined,
      durable: false,
      createdAt: Date.now(),
      labels: { ...options.labels },
    };
    this.#ledger.insert(record, options.lease);
    try {
      if (hasDirectory(record)) {
        await this.directories.create(record.id, (directory) => this.fill(directory, parent, { ...options, original }));
      }
      // A record goes before its files: as long as it stands, all that it had was there to copy.
      if (original) this.record(original.id);
      options.signal?.throwIfAborted();
    } catch (error) {
      this.#undo(record.id, options.lease);
      if (original) this.record(original.id);
      throw error;
    }
    return infoOf(record);
  }

  // A standing snapshot without files would keep every image on it broken, pulled again or not (moby#44909, moby#41190).
  #giveWay(id: string, standingId: string): void {
    if (this.directories.exists(standingId)) this.directories.discard(id);
    else this.directories.replace(standingId, id);
  }

  #undo(id: string, lease: Lease): void {
    try {
      this.#ledger.remove(id, lease);
      this.directories.discard(id);
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
const hasDirectory = (record: SnapshotRecord): boolean => record.kind !== 'view' || record.parentId === undefined;

const damaged = (id: string, what: string): StrataError =>
  new StrataError({
    code: 'ERR_SNAPSHOT_DAMAGED',
    message: `snapshot ${id}: ${what}`,
    hint: 'Remove the image or container that uses it, then pull or build it again.',
  });

function infoOf(record: SnapshotRecord): SnapshotInfo {
  const { id, kind, parentId, chainId, labels } = record;
  return { id, kind, parentId, chainId, createdAt: new Date(record.createdAt), labels };
}
