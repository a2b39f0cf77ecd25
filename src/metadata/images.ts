import type { Lease } from '../ledger/types.ts';
import type { ChainId, DiffId, Digest } from '../spec/digest.ts';
import type { Database } from './database.ts';
import type { Objects } from './objects.ts';

/** The parts of an image's config that listing and filtering need, so that no config is opened for them. */
export interface ImageRecord {
  /** Digest of the config: the image ID. */
  readonly id: Digest;
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
  /** Uncompressed bytes of all layers. */
  readonly sizeBytes: number;
  readonly labels: Readonly<Record<string, string>>;
  /** `created` of the config, in milliseconds since 1970. */
  readonly madeAt: number | undefined;
}

/** One layer of an image; the chainID identifies the filesystem up to and including it. */
export interface ImageLayer {
  readonly diffId: DiffId;
  readonly chainId: ChainId;
}

/** An image to be recorded. */
export interface NewImage extends ImageRecord {
  /** Layers from the base up. */
  readonly layers: readonly ImageLayer[];
}

/** An image with the tags and targets that lead to it. */
export interface ListedImage extends ImageRecord {
  /** Tags in the order of their references. */
  readonly tags: readonly { readonly reference: string; readonly target: Digest }[];
  /** Digests of all targets that lead to it, tagged or not, in order. */
  readonly targets: readonly Digest[];
}

interface Row {
  readonly object_id: number;
  readonly key: Digest;
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | null;
  readonly size_bytes: number;
  readonly labels: string;
  readonly made_at: number | null;
}

const select = `SELECT i.object_id, o.key, i.os, i.architecture, i.variant, i.size_bytes, i.labels, i.made_at
  FROM image i JOIN object o ON o.id = i.object_id`;

/** Records of images. */
export class Images {
  readonly #db: Database;
  readonly #objects: Objects;

  constructor(db: Database, objects: Objects) {
    this.#db = db;
    this.#objects = objects;
  }

  /**
   * Records an image and pins it to `lease`. The image keeps the blob of its config, its layers, and all snapshots of
   * its whole chain, of which the caller pins at least one. Idempotent.
   */
  put(image: NewImage, lease: Lease): void {
    this.#db.write(() => {
      const id = this.#objects.put('image', image.id, lease);
      const isNew = this.#db
        .statement(
          `INSERT OR IGNORE INTO image (object_id, os, architecture, variant, size_bytes, labels, made_at, created_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          id,
          image.os,
          image.architecture,
          image.variant ?? null,
          image.sizeBytes,
          JSON.stringify(image.labels),
          image.madeAt ?? null,
          Date.now(),
        );
      // Also for an existing image: another storage driver, or a second build, may have unpacked it again.
      this.#keepSnapshots(id, image.layers.at(-1)?.chainId);
      // The ID is the config's digest, so an existing image has the same values in every column.
      if (isNew === 0) return;
      this.#objects.linkRow(id, { kind: 'blob', key: image.id });
      const insertLayer = this.#db.statement(
        'INSERT INTO image_layer (image_id, position, diff_id, chain_id) VALUES (?, ?, ?, ?)',
      );
      for (const [position, { diffId, chainId }] of image.layers.entries()) {
        insertLayer.run(id, position, diffId, chainId);
        this.#objects.linkRow(id, { kind: 'layer', key: diffId });
      }
    });
  }

  get(id: Digest): ImageRecord | undefined {
    const row = this.#db.statement<Row>(`${select} WHERE o.kind = 'image' AND o.key = ?`).get(id);
    return row && toRecord(row);
  }

  /** Returns the layers of an image from the base up; empty for an unknown image. */
  layersOf(id: Digest): ImageLayer[] {
    return this.#db
      .statement<{ diff_id: DiffId; chain_id: ChainId }>(
        `SELECT l.diff_id, l.chain_id FROM image_layer l JOIN object o ON o.id = l.image_id
         WHERE o.kind = 'image' AND o.key = ? ORDER BY l.position`,
      )
      .all(id)
      .map((row) => ({ diffId: row.diff_id, chainId: row.chain_id }));
  }

  /** Returns {@link layersOf} for every image that has layers, in the order of IDs. */
  allLayers(): Map<Digest, ImageLayer[]> {
    const found = new Map<Digest, ImageLayer[]>();
    const rows = this.#db
      .statement<{ key: Digest; diff_id: DiffId; chain_id: ChainId }>(
        `SELECT o.key, l.diff_id, l.chain_id FROM image_layer l JOIN object o ON o.id = l.image_id
         ORDER BY o.key, l.position`,
      )
      .all();
    for (const { key, diff_id, chain_id } of rows) {
      const layers = found.get(key) ?? [];
      layers.push({ diffId: diff_id, chainId: chain_id });
      found.set(key, layers);
    }
    return found;
  }

  /** True when an image starts with this chain of layers. */
  hasChain(chainId: ChainId): boolean {
    return this.#db.statement('SELECT 1 FROM image_layer WHERE chain_id = ? LIMIT 1').get(chainId) !== undefined;
  }

  /** Returns the IDs that begin with `prefix`, such as `sha256:1a2b`; at most `limit`. */
  findByPrefix(prefix: string, limit: number): Digest[] {
    return this.#db
      .statement<{ key: Digest }>(
        `SELECT o.key FROM object o JOIN image i ON i.object_id = o.id
         WHERE o.kind = 'image' AND o.key >= ?1 AND o.key < ?1 || 'g' ORDER BY o.key LIMIT ?2`,
      )
      .all(prefix, limit)
      .map(({ key }) => key);
  }

  /** Lists every image with its tags and targets, newest first: three queries on one state of the store, no blob. */
  list(): ListedImage[] {
    return this.#db.read(() => {
      const tags = Map.groupBy(
        this.#db
          .statement<{ image_id: number; reference: string; target: Digest }>(
            `SELECT DISTINCT ti.image_id, tag.reference, o.key AS target FROM tag
             JOIN target_image ti ON ti.target_id = tag.target_id JOIN object o ON o.id = tag.target_id
             ORDER BY tag.reference`,
          )
          .all(),
        (row) => row.image_id,
      );
      const targets = Map.groupBy(
        this.#db
          .statement<{ image_id: number; target: Digest }>(
            `SELECT DISTINCT ti.image_id, o.key AS target FROM target_image ti JOIN object o ON o.id = ti.target_id
             ORDER BY o.key`,
          )
          .all(),
        (row) => row.image_id,
      );
      return this.#db
        .statement<Row>(`${select} ORDER BY i.made_at DESC, o.key`)
        .all()
        .map((row) => ({
          ...toRecord(row),
          tags: (tags.get(row.object_id) ?? []).map(({ reference, target }) => ({ reference, target })),
          targets: (targets.get(row.object_id) ?? []).map(({ target }) => target),
        }));
    });
  }

  #keepSnapshots(id: number, chainId: ChainId | undefined): void {
    if (chainId === undefined) return;
    this.#db
      .statement(
        `INSERT OR IGNORE INTO edge (from_id, to_id)
         SELECT ?, object_id FROM snapshot WHERE chain_id = ? AND kind = 'committed'`,
      )
      .run(id, chainId);
  }
}

const toRecord = (row: Row): ImageRecord => ({
  id: row.key,
  os: row.os,
  architecture: row.architecture,
  variant: row.variant ?? undefined,
  sizeBytes: row.size_bytes,
  labels: JSON.parse(row.labels) as Record<string, string>,
  madeAt: row.made_at ?? undefined,
});
