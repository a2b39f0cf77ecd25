import type { Lease } from '../ledger/types.ts';
import type { Digest } from '../spec/digest.ts';
import type { Database } from './database.ts';
import { objectNotFound } from './failures.ts';
import type { ObjectRef, Objects } from './objects.ts';

/** A manifest or an index of which the exact bytes are (or were) a blob here. */
export interface TargetRecord {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly artifactType: string | undefined;
  /** Stays without a tag: what docker lists as `<none>`. */
  readonly kept: boolean;
  readonly createdAt: number;
}

/** An image a target leads to, by the manifest that names its config (the target itself, or one of an index). */
export interface TargetImage {
  readonly imageId: Digest;
  readonly manifest: Digest;
}

export interface NewTarget {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly artifactType?: string | undefined;
  /** What it refers to and thereby keeps: other targets, images, blobs of config and layers, present or not. */
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

export class Targets {
  readonly #db: Database;
  readonly #objects: Objects;

  constructor(db: Database, objects: Objects) {
    this.#db = db;
    this.#objects = objects;
  }

  /** Records a target, pinned to `lease`; it keeps its own blob. Links and images add to those of an earlier put. */
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

  /** In the order of digests. */
  list(): TargetRecord[] {
    return this.#db.statement<Row>(`${select} ORDER BY o.key`).all().map(toRecord);
  }

  /** Whether the target stays when no tag names it. Throws ERR_OBJECT_NOT_FOUND for an unknown one. Idempotent. */
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

  /** Takes an image from a target that leads to others, too, with what the target keeps for its sake. Idempotent. */
  removeImage(digest: Digest, imageId: Digest, links: readonly ObjectRef[]): void {
    this.#db.write(() => {
      const [target, image] = [this.#objects.find('target', digest), this.#objects.find('image', imageId)];
      if (target === undefined || image === undefined) return;
      this.#db.statement('DELETE FROM target_image WHERE target_id = ? AND image_id = ?').run(target, image);
      const from = { kind: 'target', key: digest } as const;
      for (const link of [{ kind: 'image', key: imageId } as const, ...links]) this.#objects.unlink(from, link);
    });
  }

  /** Images the target leads to, in the order of image IDs. */
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

  /** Targets that lead to the image, in the order of digests. */
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
