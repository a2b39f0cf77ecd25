import { orUndo } from '../lib/or-undo.ts';
import { Connection } from './connection.ts';
import { migrate, newestFormat, readFormat } from './format.ts';
import type { Migration } from './migrations/migration.ts';

export interface DatabaseWriterOptions {
  readonly migrations: readonly Migration[];
  /** Longest wait for another process that opens the database, in milliseconds; the thread is blocked meanwhile. */
  readonly waitMs: number;
  /** Busy timeout of later queries, in milliseconds. */
  readonly timeoutMs: number;
  /** True lets SQLite write the log back by itself, at the end of a transaction. */
  readonly isAlone: boolean;
}

/**
 * Opens the database at `path` for writing; creates it or migrates it to the newest format. Throws what SQLite throws.
 */
export function openWriter(
  path: string,
  { migrations, waitMs, timeoutMs, isAlone }: DatabaseWriterOptions,
): Connection {
  const connection = new Connection(path, { timeoutMs: waitMs });
  return orUndo(
    () => {
      readFormat(connection, path, migrations);
      // SQLite flushes the log by itself only where its order on the disk matters; commits are flushed by LogFlush.
      connection.exec(
        `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;
         PRAGMA journal_size_limit = 16777216; PRAGMA wal_autocheckpoint = ${isAlone ? pagesInLog : 0}`,
      );
      migrateToNewest(connection, path, migrations);
      connection.exec(`PRAGMA busy_timeout = ${timeoutMs}`);
      return connection;
    },
    () => connection[Symbol.dispose](),
  );
}

function migrateToNewest(connection: Connection, path: string, migrations: readonly Migration[]): void {
  if (readFormat(connection, path, migrations) === newestFormat(migrations)) return;
  connection.exec('PRAGMA synchronous = FULL; BEGIN IMMEDIATE');
  orUndo(
    () => {
      // Another process may have migrated it first, with this version of the program or a newer one.
      const from = readFormat(connection, path, migrations);
      migrate(connection, { from, path, migrations });
      connection.exec('COMMIT; PRAGMA synchronous = NORMAL');
    },
    () => connection.exec('ROLLBACK'),
  );
}

// Small, because the log outlives the commands and the next one reads all of it.
const pagesInLog = 256;
