import type { Migration } from './migration.ts';

/**
 * Version 3. A result of a build step has several keys, and each storage driver has its own result under the same key.
 * Earlier keys were hashed together with the driver's name, so the results under them are dropped.
 */
export const buildKeys: Migration = {
  version: 3,
  sql: `
    UPDATE object SET present = 0 WHERE id IN (SELECT object_id FROM build_record);
    DELETE FROM edge WHERE from_id IN (SELECT object_id FROM build_record);
    DELETE FROM build_record;
    ALTER TABLE build_record ADD COLUMN key TEXT NOT NULL DEFAULT '';

    CREATE TABLE build_key (
      key TEXT NOT NULL,
      record_id INTEGER NOT NULL REFERENCES build_record (object_id) ON DELETE CASCADE,
      PRIMARY KEY (key, record_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX build_key_record ON build_key (record_id);
  `,
};
