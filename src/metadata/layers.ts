import type { CompressionFormat } from '../archive/compression/types.ts';
import type { Lease } from '../ledger/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { DiffId, Digest } from '../spec/digest.ts';
import type { Database } from './database.ts';
import type { Objects } from './objects.ts';

/** A recorded layer. */
export interface LayerRecord {
  readonly diffId: DiffId;
  /** Size of the uncompressed tar. */
  readonly tarSizeBytes: number;
  /** Sum of the logical sizes of its regular files. */
  readonly sizeBytes: number;
  /** Number of entries of the tar. */
  readonly entries: number;
  /** True when the exact tar can be made again from the layer's index and tree. */
  readonly remakeable: boolean;
}

/** A known form of a layer, compressed or not; its blob may be absent. */
export interface LayerBlob {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly compression: CompressionFormat;
  readonly sizeBytes: number;
  /** Fingerprint and parameters with which the codec makes exactly these bytes from the tar, in the codec's format. */
  readonly recipe: string | undefined;
}

interface Row {
  readonly key: DiffId;
  readonly tar_size_bytes: number;
  readonly size_bytes: number;
  readonly entries: number;
  readonly remakeable: number;
}

interface BlobRow {
  readonly digest: Digest;
  readonly media_type: string;
  readonly compression: CompressionFormat;
  readonly size_bytes: number;
  readonly recipe: string | null;
}

const select = `SELECT o.key, l.tar_size_bytes, l.size_bytes, l.entries, l.remakeable
  FROM layer l JOIN object o ON o.id = l.object_id`;

/** Records of layers whose index is written, and the digests of their blobs. */
export class Layers {
  readonly #db: Database;
  readonly #objects: Objects;

  constructor(db: Database, objects: Objects) {
    this.#db = db;
    this.#objects = objects;
  }

  /** Records a layer whose index exists, and pins it to `lease`. Idempotent. */
  async put(record: LayerRecord, lease: Lease, options: AbortOptions = {}): Promise<void> {
    const { diffId, tarSizeBytes, sizeBytes, entries, remakeable } = record;
    const write = (): void => {
      this.#db
        .statement(
          `INSERT INTO layer (object_id, tar_size_bytes, size_bytes, entries, remakeable, created_at)
           VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (object_id) DO UPDATE SET remakeable = excluded.remakeable`,
        )
        .run(
          this.#objects.put('layer', diffId, lease),
          tarSizeBytes,
          sizeBytes,
          entries,
          remakeable ? 1 : 0,
          Date.now(),
        );
    };
    // Not flushed: a layer is acknowledged with the image that names it, by a later transaction.
    await this.#db.transact(write, { ...options, skipFlush: true });
  }

  get(diffId: DiffId): LayerRecord | undefined {
    const row = this.#db.statement<Row>(`${select} WHERE o.kind = 'layer' AND o.key = ?`).get(diffId);
    return row && toRecord(row);
  }

  /** Finds the layer that a blob of this digest holds, without fetching or hashing the blob, and pins it to `lease`. */
  async findByBlob(digest: Digest, lease: Lease): Promise<LayerRecord | undefined> {
    return await this.#objects.withPins(lease, (pin) => {
      const row = this.#db
        .statement<Row>(`${select} JOIN layer_blob lb ON lb.layer_id = l.object_id WHERE lb.digest = ?`)
        .get(digest);
      if (!row) return undefined;
      pin('layer', row.key);
      return toRecord(row);
    });
  }

  /** Records a form of a recorded layer; a known recipe is kept. Idempotent. */
  addBlob(diffId: DiffId, { digest, mediaType, compression, sizeBytes, recipe }: LayerBlob): void {
    this.#db.write(() => {
      this.#db
        .statement(
          `INSERT INTO layer_blob (layer_id, digest, media_type, compression, size_bytes, recipe)
           VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (layer_id, digest) DO UPDATE SET recipe = coalesce(excluded.recipe, recipe)`,
        )
        .run(this.#objects.id('layer', diffId), digest, mediaType, compression, sizeBytes, recipe ?? null);
    });
  }

  /** Keeps a blob from garbage collection for as long as the layer exists. Idempotent. */
  keepBlob(diffId: DiffId, digest: Digest): void {
    this.#objects.link({ kind: 'layer', key: diffId }, { kind: 'blob', key: digest });
  }

  /** Lists the known forms of a layer in the order of their digests. */
  blobsOf(diffId: DiffId): LayerBlob[] {
    return this.#db
      .statement<BlobRow>(
        `SELECT lb.digest, lb.media_type, lb.compression, lb.size_bytes, lb.recipe
         FROM layer_blob lb JOIN object o ON o.id = lb.layer_id WHERE o.kind = 'layer' AND o.key = ? ORDER BY lb.digest`,
      )
      .all(diffId)
      .map((row) => ({
        digest: row.digest,
        mediaType: row.media_type,
        compression: row.compression,
        sizeBytes: row.size_bytes,
        recipe: row.recipe ?? undefined,
      }));
  }

  /** True when an image names the layer, which implies that its index was flushed. */
  isNamed(diffId: DiffId): boolean {
    return this.#objects.referrersOf({ kind: 'layer', key: diffId }).length > 0;
  }

  /**
   * Drops the layers that no image names, as a part of the caller's transaction. Called after a reboot: a power cut may
   * have damaged their unflushed indexes. Returns the number of dropped layers. Idempotent.
   */
  dropUnnamed(): number {
    const unnamed = this.#db
      .statement<{ object_id: number }>(
        'SELECT object_id FROM layer WHERE NOT EXISTS (SELECT 1 FROM edge WHERE to_id = object_id)',
      )
      .all();
    for (const { object_id } of unnamed) {
      this.#db.statement('DELETE FROM layer WHERE object_id = ?').run(object_id);
      this.#objects.markAbsent(object_id);
    }
    return unnamed.length;
  }

  /** Lists all layers in the order of their diffIDs. */
  list(): LayerRecord[] {
    return this.#db.statement<Row>(`${select} ORDER BY o.key`).all().map(toRecord);
  }
}

const toRecord = (row: Row): LayerRecord => ({
  diffId: row.key,
  tarSizeBytes: row.tar_size_bytes,
  sizeBytes: row.size_bytes,
  entries: row.entries,
  remakeable: row.remakeable === 1,
});
