import { orUndo } from '../lib/or-undo.ts';
import { Connection } from './connection.ts';
import { migrate, newestFormat, readFormat } from './format.ts';
import type { Migration } from './migrations/migration.ts';

export interface WriterOptions {
  readonly migrations: readonly Migration[];
  /** How long to wait, and nothing else goes on meanwhile, for another process that is opening it too. */
  readonly waitMs: number;
  /** How long a look may wait afterwards. */
  readonly timeoutMs: number;
  /** SQLite writes the log back by itself, behind a transaction. */
  readonly isAlone: boolean;
}

/** Opens the database at `path` for writing, made or brought to the newest format where need be. Throws what SQLite throws. */
export function openWriter(path: string, { migrations, waitMs, timeoutMs, isAlone }: WriterOptions): Connection {
  const connection = new Connection(path, { timeoutMs: waitMs });
  return orUndo(
    () => {
      readFormat(connection, path, migrations);
      // SQLite flushes the log by itself only where its order on the disk matters; commits are flushed by LogFlush.
      connection.exec(
        `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;
         PRAGMA journal_size_limit = 16777216; PRAGMA wal_autocheckpoint = ${isAlone ? pagesInLog : 0}`,
      );
      bringUp(connection, path, migrations);
      connection.exec(`PRAGMA busy_timeout = ${timeoutMs}`);
      return connection;
    },
    () => connection[Symbol.dispose](),
  );
}

function bringUp(connection: Connection, path: string, migrations: readonly Migration[]): void {
  if (readFormat(connection, path, migrations) === newestFormat(migrations)) return;
  connection.exec('PRAGMA synchronous = FULL; BEGIN IMMEDIATE');
  orUndo(
    () => {
      // Another process may have been faster, with this version of the program or a newer one.
      const from = readFormat(connection, path, migrations);
      migrate(connection, { from, path, migrations });
      connection.exec('COMMIT; PRAGMA synchronous = NORMAL');
    },
    () => connection.exec('ROLLBACK'),
  );
}

// The log outlives the commands, and who comes first reads all of it.
const pagesInLog = 256;
