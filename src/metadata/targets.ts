import type { Lease } from '../ledger/types.ts';
import type { Digest } from '../spec/digest.ts';
import type { Database } from './database.ts';
import { objectNotFound } from './failures.ts';
import type { ObjectRef, Objects } from './objects.ts';

/** A recorded manifest or index, whose exact bytes are (or were) a blob of the store. */
export interface TargetRecord {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly artifactType: string | undefined;
  /** True when the target stays without a tag, as docker's `<none>` images do. */
  readonly kept: boolean;
  readonly createdAt: number;
}

/** An image that a target leads to, and the manifest that names its config: the target itself, or one of an index. */
export interface TargetImage {
  readonly imageId: Digest;
  readonly manifest: Digest;
}

/** A target to be recorded. */
export interface NewTarget {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly artifactType?: string | undefined;
  /**
   * Objects that it refers to and thereby keeps: other targets, images, blobs of configs and layers, present or absent.
   */
  readonly links: readonly ObjectRef[];
  readonly images: readonly TargetImage[];
}

interface Row {
  readonly key: Digest;
  readonly media_type: string;
  readonly size_bytes: number;
  readonly artifact_type: string | null;
  readonly kept: number;
  readonly created_at: number;
}

const select = `SELECT o.key, t.media_type, t.size_bytes, t.artifact_type, t.kept, t.created_at
  FROM target t JOIN object o ON o.id = t.object_id`;

/** Records of targets. */
export class Targets {
  readonly #db: Database;
  readonly #objects: Objects;

  constructor(db: Database, objects: Objects) {
    this.#db = db;
    this.#objects = objects;
  }

  /**
   * Records a target, which keeps its own blob, and pins it to `lease`. Adds to the links and images of an earlier put.
   */
  put({ digest, mediaType, sizeBytes, artifactType, links, images }: NewTarget, lease: Lease): void {
    this.#db.write(() => {
      const id = this.#objects.put('target', digest, lease);
      this.#db
        .statement(
          `INSERT OR IGNORE INTO target (object_id, media_type, size_bytes, artifact_type, created_at)
           VALUES (?, ?, ?, ?, ?)`,
        )
        .run(id, mediaType, sizeBytes, artifactType ?? null, Date.now());
      this.#objects.linkRow(id, { kind: 'blob', key: digest });
      for (const link of links) this.#objects.linkRow(id, link);
      for (const { imageId, manifest } of images) {
        this.#objects.linkRow(id, { kind: 'image', key: imageId });
        this.#db
          .statement('INSERT OR IGNORE INTO target_image (target_id, image_id, manifest) VALUES (?, ?, ?)')
          .run(id, this.#objects.id('image', imageId), manifest);
      }
    });
  }

  get(digest: Digest): TargetRecord | undefined {
    const row = this.#db.statement<Row>(`${select} WHERE o.kind = 'target' AND o.key = ?`).get(digest);
    return row && toRecord(row);
  }

  /** Lists all targets in the order of their digests. */
  list(): TargetRecord[] {
    return this.#db.statement<Row>(`${select} ORDER BY o.key`).all().map(toRecord);
  }

  /** Sets whether the target stays without a tag. Idempotent. Throws ERR_OBJECT_NOT_FOUND for an unknown target. */
  setKept(digest: Digest, kept: boolean): void {
    this.#db.write(() => {
      const id = this.#objects.find('target', digest);
      const changed =
        id === undefined
          ? 0
          : this.#db.statement('UPDATE target SET kept = ? WHERE object_id = ?').run(kept ? 1 : 0, id);
      if (changed === 0) throw objectNotFound({ kind: 'target', key: digest });
    });
  }

  /** Removes one of several images from a target, with the links that the target has for it alone. Idempotent. */
  removeImage(digest: Digest, imageId: Digest, links: readonly ObjectRef[]): void {
    this.#db.write(() => {
      const [target, image] = [this.#objects.find('target', digest), this.#objects.find('image', imageId)];
      if (target === undefined || image === undefined) return;
      this.#db.statement('DELETE FROM target_image WHERE target_id = ? AND image_id = ?').run(target, image);
      const from = { kind: 'target', key: digest } as const;
      for (const link of [{ kind: 'image', key: imageId } as const, ...links]) this.#objects.unlink(from, link);
    });
  }

  /** Lists the images that a target leads to, in the order of their IDs. */
  imagesOf(digest: Digest): TargetImage[] {
    return this.#db
      .statement<{ image: Digest; manifest: Digest }>(
        `SELECT i.key AS image, ti.manifest FROM target_image ti
         JOIN object o ON o.id = ti.target_id JOIN object i ON i.id = ti.image_id
         WHERE o.kind = 'target' AND o.key = ? ORDER BY i.key, ti.manifest`,
      )
      .all(digest)
      .map((row) => ({ imageId: row.image, manifest: row.manifest }));
  }

  /** Lists the targets that lead to an image, in the order of their digests. */
  targetsOf(imageId: Digest): Digest[] {
    return this.#db
      .statement<{ key: Digest }>(
        `SELECT DISTINCT o.key FROM target_image ti
         JOIN object o ON o.id = ti.target_id JOIN object i ON i.id = ti.image_id
         WHERE i.kind = 'image' AND i.key = ? ORDER BY o.key`,
      )
      .all(imageId)
      .map(({ key }) => key);
  }
}

const toRecord = (row: Row): TargetRecord => ({
  digest: row.key,
  mediaType: row.media_type,
  sizeBytes: row.size_bytes,
  artifactType: row.artifact_type ?? undefined,
  kept: row.kept === 1,
  createdAt: row.created_at,
});
