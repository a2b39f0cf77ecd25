import type { Migration } from './migration.ts';

/** Version 4. Unfinished downloads and uploads, which outlive their processes. */
export const transfers: Migration = {
  version: 4,
  sql: `
    CREATE TABLE transfer (
      ref TEXT PRIMARY KEY,
      kind TEXT NOT NULL,
      source TEXT NOT NULL,
      digest TEXT,
      size_bytes INTEGER,
      verified_bytes INTEGER NOT NULL,
      started_at INTEGER NOT NULL,
      written_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX transfer_written ON transfer (written_at);
  `,
};
