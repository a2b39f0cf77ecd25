import type { Migration } from './migration.ts';

/**
 * Version 1. Everything in the store is an `object` and every reference an `edge`, so that garbage collection is one
 * walk. The table of its kind has the properties of an object, under the object's ID. `present` is 0 for an object that
 * is only referred to, such as a layer of a platform that was not loaded.
 *
 * Sizes are bytes, times milliseconds since 1970, lists and maps JSON.
 */
export const initial: Migration = {
  version: 1,
  sql: `
    CREATE TABLE state (
      name TEXT PRIMARY KEY,
      value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE object (
      id INTEGER PRIMARY KEY,
      kind TEXT NOT NULL,
      key TEXT NOT NULL,
      present INTEGER NOT NULL DEFAULT 0,
      UNIQUE (kind, key)
    ) STRICT;

    CREATE TABLE edge (
      from_id INTEGER NOT NULL REFERENCES object (id) ON DELETE CASCADE,
      to_id INTEGER NOT NULL REFERENCES object (id) ON DELETE CASCADE,
      PRIMARY KEY (from_id, to_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX edge_to ON edge (to_id);

    CREATE TABLE lease (
      id TEXT PRIMARY KEY,
      purpose TEXT NOT NULL,
      pid INTEGER NOT NULL,
      created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE lease_ref (
      lease_id TEXT NOT NULL REFERENCES lease (id) ON DELETE CASCADE,
      object_id INTEGER NOT NULL REFERENCES object (id),
      PRIMARY KEY (lease_id, object_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX lease_ref_object ON lease_ref (object_id);

    CREATE TABLE blob (
      object_id INTEGER PRIMARY KEY REFERENCES object (id) ON DELETE CASCADE,
      size_bytes INTEGER NOT NULL,
      created_at INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE snapshot (
      object_id INTEGER PRIMARY KEY REFERENCES object (id) ON DELETE CASCADE,
      driver TEXT NOT NULL,
      kind TEXT NOT NULL,
      parent_id INTEGER REFERENCES object (id),
      chain_id TEXT,
      boot_id TEXT,
      created_at INTEGER NOT NULL,
      labels TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX snapshot_chain ON snapshot (driver, chain_id) WHERE kind = 'committed';
    CREATE INDEX snapshot_parent ON snapshot (parent_id);

    CREATE TABLE layer (
      object_id INTEGER PRIMARY KEY REFERENCES object (id) ON DELETE CASCADE,
      tar_size_bytes INTEGER NOT NULL,
      size_bytes INTEGER NOT NULL,
      entries INTEGER NOT NULL,
      remakeable INTEGER NOT NULL,
      created_at INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE layer_blob (
      layer_id INTEGER NOT NULL REFERENCES layer (object_id) ON DELETE CASCADE,
      digest TEXT NOT NULL,
      media_type TEXT NOT NULL,
      compression TEXT NOT NULL,
      size_bytes INTEGER NOT NULL,
      recipe TEXT,
      PRIMARY KEY (layer_id, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX layer_blob_digest ON layer_blob (digest);

    CREATE TABLE image (
      object_id INTEGER PRIMARY KEY REFERENCES object (id) ON DELETE CASCADE,
      os TEXT NOT NULL,
      architecture TEXT NOT NULL,
      variant TEXT,
      size_bytes INTEGER NOT NULL,
      labels TEXT NOT NULL,
      made_at INTEGER,
      created_at INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE image_layer (
      image_id INTEGER NOT NULL REFERENCES image (object_id) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      diff_id TEXT NOT NULL,
      chain_id TEXT NOT NULL,
      PRIMARY KEY (image_id, position)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX image_layer_chain ON image_layer (chain_id);

    CREATE TABLE target (
      object_id INTEGER PRIMARY KEY REFERENCES object (id) ON DELETE CASCADE,
      media_type TEXT NOT NULL,
      size_bytes INTEGER NOT NULL,
      artifact_type TEXT,
      kept INTEGER NOT NULL DEFAULT 0,
      created_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX target_kept ON target (object_id) WHERE kept = 1;

    CREATE TABLE target_image (
      target_id INTEGER NOT NULL REFERENCES target (object_id) ON DELETE CASCADE,
      image_id INTEGER NOT NULL REFERENCES object (id) ON DELETE CASCADE,
      manifest TEXT NOT NULL,
      PRIMARY KEY (target_id, image_id, manifest)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX target_image_image ON target_image (image_id);

    CREATE TABLE tag (
      reference TEXT PRIMARY KEY,
      target_id INTEGER NOT NULL REFERENCES object (id),
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX tag_target ON tag (target_id);

    CREATE TABLE tag_history (
      id INTEGER PRIMARY KEY,
      reference TEXT NOT NULL,
      target TEXT,
      at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX tag_history_reference ON tag_history (reference, id);

    CREATE TABLE container (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      image_id INTEGER REFERENCES object (id),
      snapshot_id INTEGER REFERENCES object (id),
      state TEXT NOT NULL,
      created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX container_image ON container (image_id);
    CREATE INDEX container_snapshot ON container (snapshot_id);

    CREATE TABLE build_record (
      object_id INTEGER PRIMARY KEY REFERENCES object (id) ON DELETE CASCADE,
      description TEXT NOT NULL,
      result TEXT NOT NULL,
      size_bytes INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      last_used_at INTEGER NOT NULL,
      use_count INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX build_record_used ON build_record (last_used_at);
  `,
};
