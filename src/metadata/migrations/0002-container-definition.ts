import type { Migration } from './migration.ts';

/** Version 2. The definition of a container, fixed at its creation, apart from its state. */
export const containerDefinition: Migration = {
  version: 2,
  sql: `ALTER TABLE container ADD COLUMN definition TEXT NOT NULL DEFAULT '{}';`,
};
