import type { Migration } from './migration.ts';

/** Version 5. Events of a store, in their order. `time` is in microseconds since 1970. */
export const events: Migration = {
  version: 5,
  sql: `
    CREATE TABLE event (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT,
      time INTEGER NOT NULL,
      type TEXT NOT NULL,
      action TEXT NOT NULL,
      actor TEXT NOT NULL,
      details TEXT NOT NULL
    ) STRICT;
    CREATE INDEX event_time ON event (time);
  `,
};
