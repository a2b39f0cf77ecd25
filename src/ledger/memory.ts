import type { ChainId } from '../spec/digest.ts';
import { snapshotExists, snapshotInUse, snapshotNotActive, snapshotNotFound } from './failures.ts';
import type { Lease, SnapshotLedger, SnapshotRecord } from './types.ts';

/** A lease without a database: it holds until it is disposed. */
export class MemoryLease implements Lease {
  readonly id: string;
  readonly #onRelease: ((lease: Lease) => void) | undefined;

  constructor(id: string, onRelease?: (lease: Lease) => void) {
    this.id = id;
    this.#onRelease = onRelease;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#onRelease?.(this);
  }
}

/** A ledger without a database, for tests of storage drivers. */
export class MemorySnapshotLedger implements SnapshotLedger {
  readonly #records = new Map<string, SnapshotRecord>();
  readonly #pins = new Map<string, Set<string>>();
  #leases = 0;

  /** Opens a new lease, whose disposal releases its pins. */
  lease(): Lease {
    return new MemoryLease(`memory-${++this.#leases}`, ({ id }) => this.#pins.delete(id));
  }

  /** Returns the IDs that `lease` pins, for assertions. */
  pinsOf(lease: Lease): ReadonlySet<string> {
    return this.#pins.get(lease.id) ?? new Set();
  }

  async insert(record: SnapshotRecord, lease: Lease): Promise<void> {
    if (this.#records.has(record.id)) throw snapshotExists(record.id);
    if (record.parentId !== undefined) this.#require(record.parentId);
    this.#records.set(record.id, record);
    this.#pin(record.id, lease);
  }

  get(id: string): SnapshotRecord | undefined {
    return this.#records.get(id);
  }

  async findByChainId(driver: string, chainId: ChainId, lease: Lease): Promise<SnapshotRecord | undefined> {
    const found = this.#findCommitted(driver, chainId);
    if (found) this.#pin(found.id, lease);
    return found;
  }

  async commit(
    id: string,
    attributes: { chainId?: ChainId | undefined; durable: boolean; parentId?: string | undefined },
    lease: Lease,
  ): Promise<SnapshotRecord> {
    const record = this.#require(id);
    if (record.kind !== 'active') throw snapshotNotActive(id, record.kind);
    const { chainId, durable, parentId = record.parentId } = attributes;
    if (parentId !== undefined) this.#require(parentId);
    const existing = chainId === undefined ? undefined : this.#findCommitted(record.driver, chainId);
    if (existing) this.#forget(id);
    else this.#records.set(id, { ...record, kind: 'committed', chainId, durable: false, parentId });
    const committed = existing?.id ?? id;
    this.#pin(committed, lease);
    return durable ? await this.setDurable(committed) : this.#require(committed);
  }

  async setChainId(id: string, chainId: ChainId, lease: Lease): Promise<SnapshotRecord> {
    const record = this.#require(id);
    const existing = this.#findCommitted(record.driver, chainId);
    if (!existing) this.#records.set(id, { ...record, chainId });
    this.#pin(existing?.id ?? id, lease);
    return this.#require(existing?.id ?? id);
  }

  async setDurable(id: string): Promise<SnapshotRecord> {
    for (let next: string | undefined = id; next !== undefined; ) {
      const record = this.#require(next);
      this.#records.set(next, { ...record, durable: true });
      next = record.parentId;
    }
    return this.#require(id);
  }

  async setLabels(id: string, labels: Readonly<Record<string, string>>): Promise<SnapshotRecord> {
    this.#records.set(id, { ...this.#require(id), labels: { ...labels } });
    return this.#require(id);
  }

  async remove(id: string, lease?: Lease): Promise<void> {
    const record = this.#records.get(id);
    if (!record) return;
    if (this.list({ parentId: id }).length > 0) throw snapshotInUse(id, 'another snapshot');
    const others = [...this.#pins].filter(([holder, pins]) => holder !== lease?.id && pins.has(id));
    if (record.kind === 'committed' && others.length > 0) throw snapshotInUse(id, 'a running operation');
    this.#forget(id);
  }

  list(filter: { driver?: string; parentId?: string } = {}): SnapshotRecord[] {
    return [...this.#records.values()].filter(
      ({ driver, parentId }) =>
        (filter.driver === undefined || driver === filter.driver) &&
        (filter.parentId === undefined || parentId === filter.parentId),
    );
  }

  #require(id: string): SnapshotRecord {
    const record = this.#records.get(id);
    if (!record) throw snapshotNotFound(id);
    return record;
  }

  #findCommitted(driver: string, chainId: ChainId): SnapshotRecord | undefined {
    return this.list({ driver }).find((record) => record.kind === 'committed' && record.chainId === chainId);
  }

  #pin(id: string, lease: Lease): void {
    const pins = this.#pins.get(lease.id) ?? new Set();
    this.#pins.set(lease.id, pins.add(id));
  }

  #forget(id: string): void {
    this.#records.delete(id);
    for (const pins of this.#pins.values()) pins.delete(id);
  }
}
