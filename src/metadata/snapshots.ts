import { snapshotExists, snapshotInUse, snapshotNotActive, snapshotNotFound } from '../ledger/failures.ts';
import type { Lease, SnapshotKind, SnapshotLedger, SnapshotRecord } from '../ledger/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { ChainId } from '../spec/digest.ts';
import type { Database } from './database.ts';
import type { Objects } from './objects.ts';

interface Row {
  readonly object_id: number;
  readonly id: string;
  readonly driver: string;
  readonly kind: SnapshotKind;
  readonly parent_id: string | null;
  readonly chain_id: ChainId | null;
  readonly boot_id: string | null;
  readonly created_at: number;
  readonly labels: string;
}

const select = `
  SELECT s.object_id, o.key AS id, s.driver, s.kind, p.key AS parent_id, s.chain_id, s.boot_id, s.created_at, s.labels
  FROM snapshot s JOIN object o ON o.id = s.object_id LEFT JOIN object p ON p.id = s.parent_id`;

const noBoot = '';

/**
 * The ledger of storage drivers. `boot_id` is null for a durable record, otherwise the boot in which it was written: a
 * power cut may have taken the contents of the files of a committed snapshot from an earlier boot.
 */
export class Snapshots implements SnapshotLedger {
  readonly #db: Database;
  readonly #objects: Objects;
  readonly #bootId: string;

  constructor(db: Database, objects: Objects, bootId: string) {
    this.#db = db;
    this.#objects = objects;
    this.#bootId = bootId;
  }

  async insert(record: SnapshotRecord, lease: Lease, options: AbortOptions = {}): Promise<void> {
    const { id, driver, kind, chainId, durable, createdAt, labels } = record;
    const write = (): void => {
      if (this.#row(id)) throw snapshotExists(id);
      const parent = record.parentId === undefined ? undefined : this.#requireRow(record.parentId);
      const objectId = this.#objects.put('snapshot', id, lease);
      this.#db
        .statement(
          `INSERT INTO snapshot (object_id, driver, kind, parent_id, chain_id, boot_id, created_at, labels)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          objectId,
          driver,
          kind,
          parent?.object_id ?? null,
          chainId ?? null,
          durable ? null : this.#bootId,
          createdAt,
          JSON.stringify(labels),
        );
      if (parent) this.#objects.linkRow(objectId, { kind: 'snapshot', key: parent.id });
    };
    // Not flushed: a snapshot is acknowledged by its commit or its container, not by this record.
    await this.#db.transact(write, { ...options, skipFlush: true });
  }

  get(id: string): SnapshotRecord | undefined {
    const row = this.#row(id);
    return row && toRecord(row);
  }

  async findByChainId(driver: string, chainId: ChainId, lease: Lease): Promise<SnapshotRecord | undefined> {
    return await this.#objects.withPins(lease, (pin) => {
      const row = this.#findCommitted(driver, chainId);
      if (!row) return undefined;
      pin('snapshot', row.id);
      return toRecord(row);
    });
  }

  /** Returns the ID of the driver's committed snapshot with that chainID, without pinning it. */
  ofChain(driver: string, chainId: ChainId): string | undefined {
    return this.#findCommitted(driver, chainId)?.id;
  }

  /** True when a committed snapshot of any driver carries this chainID. */
  hasChain(chainId: ChainId): boolean {
    return (
      this.#db.statement("SELECT 1 FROM snapshot WHERE chain_id = ? AND kind = 'committed' LIMIT 1").get(chainId) !==
      undefined
    );
  }

  async commit(
    id: string,
    attributes: { chainId?: ChainId | undefined; durable: boolean; parentId?: string | undefined },
    lease: Lease,
  ): Promise<SnapshotRecord> {
    const { chainId, durable, parentId } = attributes;
    const work = (): SnapshotRecord => {
      const row = this.#requireRow(id);
      if (row.kind !== 'active') throw snapshotNotActive(id, row.kind);
      const parent = parentId === undefined ? undefined : this.#requireRow(parentId);
      const existing = chainId === undefined ? undefined : this.#findCommitted(row.driver, chainId);
      if (existing) this.#forget(row);
      else {
        this.#db
          .statement(
            `UPDATE snapshot SET kind = 'committed', chain_id = ?, boot_id = ?, parent_id = coalesce(?, parent_id)
             WHERE object_id = ?`,
          )
          .run(chainId ?? null, this.#bootId, parent?.object_id ?? null, row.object_id);
        if (parent) this.#objects.linkRow(row.object_id, { kind: 'snapshot', key: parent.id });
      }
      const committed = existing ?? row;
      this.#objects.pin('snapshot', committed.id, lease);
      if (durable) this.#makeDurable(committed.object_id);
      return toRecord(this.#requireRow(committed.id));
    };
    return await this.#db.transact(work, { skipFlush: !durable });
  }

  async setChainId(id: string, chainId: ChainId, lease: Lease): Promise<SnapshotRecord> {
    const write = (): SnapshotRecord => {
      const row = this.#requireRow(id);
      const carrier = this.#findCommitted(row.driver, chainId) ?? row;
      this.#db.statement('UPDATE snapshot SET chain_id = ? WHERE object_id = ?').run(chainId, carrier.object_id);
      this.#objects.pin('snapshot', carrier.id, lease);
      return toRecord(this.#requireRow(carrier.id));
    };
    return await this.#db.transact(write, { skipFlush: true });
  }

  async setDurable(id: string): Promise<SnapshotRecord> {
    return await this.#db.transact(() => {
      this.#makeDurable(this.#requireRow(id).object_id);
      return toRecord(this.#requireRow(id));
    });
  }

  async setLabels(id: string, labels: Readonly<Record<string, string>>): Promise<SnapshotRecord> {
    const write = (): SnapshotRecord => {
      const { object_id } = this.#requireRow(id);
      this.#db.statement('UPDATE snapshot SET labels = ? WHERE object_id = ?').run(JSON.stringify(labels), object_id);
      return toRecord(this.#requireRow(id));
    };
    // Not flushed: labels save later work, which is done again without them.
    return await this.#db.transact(write, { skipFlush: true });
  }

  async remove(id: string, lease?: Lease): Promise<void> {
    const write = (): void => {
      const row = this.#row(id);
      if (!row) return;
      const [referrer] = this.#objects.referrersOf({ kind: 'snapshot', key: id });
      if (referrer) throw snapshotInUse(id, `${referrer.kind} ${referrer.key}`);
      const container = this.#db
        .statement<{ id: string }>('SELECT id FROM container WHERE snapshot_id = ?')
        .get(row.object_id);
      if (container) throw snapshotInUse(id, `container ${container.id}`);
      if (row.kind === 'committed' && this.#objects.countPins(row.object_id, lease) > 0) {
        throw snapshotInUse(id, 'a running operation');
      }
      this.#forget(row);
    };
    await this.#db.transact(write, { freesSpace: true });
  }

  list(filter: { driver?: string; parentId?: string } = {}): SnapshotRecord[] {
    const { driver = null, parentId = null } = filter;
    return this.#db
      .statement<Row>(
        `${select} WHERE (?1 IS NULL OR s.driver = ?1) AND (?2 IS NULL OR p.key = ?2) ORDER BY s.object_id`,
      )
      .all(driver, parentId)
      .map(toRecord);
  }

  /**
   * Drops the committed records that an earlier boot did not make durable, with all descendants; their files become
   * orphans. Returns how many were dropped. Idempotent.
   */
  dropFromEarlierBoots(): number {
    return this.#drop(this.#bootId);
  }

  /** Drops all records that are not durable, those of this boot included, after a flush failed for unknown files. */
  async dropNotDurable(): Promise<number> {
    return await this.#db.transact(() => this.#drop(noBoot), { freesSpace: true });
  }

  #drop(exceptBootId: string): number {
    return this.#db.write(() => {
      const lost = this.#db
        .statement<{ object_id: number }>(
          `WITH RECURSIVE lost (id) AS (
             SELECT object_id FROM snapshot WHERE kind = 'committed' AND boot_id <> ?
             UNION SELECT s.object_id FROM snapshot s JOIN lost ON s.parent_id = lost.id)
           SELECT id AS object_id FROM lost`,
        )
        .all(exceptBootId);
      for (const row of lost) this.#forget(row);
      return lost.length;
    });
  }

  #row(id: string): Row | undefined {
    return this.#db.statement<Row>(`${select} WHERE o.kind = 'snapshot' AND o.key = ?`).get(id);
  }

  #requireRow(id: string): Row {
    const row = this.#row(id);
    if (!row) throw snapshotNotFound(id);
    return row;
  }

  #findCommitted(driver: string, chainId: ChainId): Row | undefined {
    return this.#db
      .statement<Row>(`${select} WHERE s.driver = ? AND s.chain_id = ? AND s.kind = 'committed'`)
      .get(driver, chainId);
  }

  #makeDurable(objectId: number): void {
    this.#db
      .statement(
        `WITH RECURSIVE line (id) AS (
           VALUES (?) UNION SELECT s.parent_id FROM snapshot s JOIN line ON s.object_id = line.id WHERE s.parent_id NOT NULL)
         UPDATE snapshot SET boot_id = NULL WHERE object_id IN line AND boot_id NOT NULL`,
      )
      .run(objectId);
  }

  #forget({ object_id }: Pick<Row, 'object_id'>): void {
    this.#db.statement('DELETE FROM snapshot WHERE object_id = ?').run(object_id);
    this.#objects.markAbsent(object_id);
  }
}

const toRecord = (row: Row): SnapshotRecord => ({
  id: row.id,
  driver: row.driver,
  kind: row.kind,
  parentId: row.parent_id ?? undefined,
  chainId: row.chain_id ?? undefined,
  durable: row.boot_id === null,
  createdAt: row.created_at,
  labels: JSON.parse(row.labels) as Record<string, string>,
});
