import type { Migration } from './migration.ts';

/** Version 2. What a container is, settled when it is made, apart from the state it is in. */
export const containerDefinition: Migration = {
  version: 2,
  sql: `ALTER TABLE container ADD COLUMN definition TEXT NOT NULL DEFAULT '{}';`,
};
