import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Connection } from './connection.ts';
import { isUnopenable } from './sqlite-failure.ts';
import { findStoreFault } from './store-fault.ts';

export interface DatabaseReaderOptions {
  /** Longest wait for another process, in milliseconds. */
  readonly timeoutMs: number;
  /** True when this process opens no other connection to the file, which would share the read-only index of the log. */
  readonly isAlone: boolean;
}

/**
 * Opens the database at `path` for reading, if possible without touching the disk: SQLite's usual read-only mode creates
 * the log and its index beside the database, or writes into them, and fails where it cannot.
 */
export function openReader(path: string, { timeoutMs, isAlone }: DatabaseReaderOptions): Connection {
  const options = { readOnly: true, timeoutMs };
  try {
    // Uses the existing index of the log read-only; SQLite makes one in memory when no other process has the store
    // open.
    if (isAlone) return probe(new Connection(uriOf(path, 'readonly_shm=1'), options));
  } catch (error) {
    if (!isUnopenable(error)) throw error;
  }
  try {
    // Either a writer has restarted the log, and a reader has to write a mark into the index; or the two files are
    // missing, as after restoring a backup, and are created now.
    return probe(new Connection(uriOf(path, ''), options));
  } catch (error) {
    const fault = findStoreFault(path);
    if (!isUnopenable(error) || (fault !== 'read-only' && fault !== 'inodes')) throw error;
  }
  // No process can write here, so SQLite needs no locks.
  if (sizeOf(`${path}-wal`) === 0) return probe(new Connection(uriOf(path, 'immutable=1'), options));
  return openCopy(path, timeoutMs);
}

/** Runs a first query: SQLite opens its files only when it needs them. Closes the connection when the query fails. */
function probe(connection: Connection): Connection {
  try {
    connection.get('PRAGMA schema_version');
    return connection;
  } catch (error) {
    connection[Symbol.dispose]();
    throw error;
  }
}

function uriOf(path: string, parameters: string): URL {
  const url = pathToFileURL(path);
  url.search = parameters;
  return url;
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/**
 * Opens a copy of the database and its log in a temporary folder, because reading a log needs an index file. The copy
 * is unlinked at once and disappears with the connection.
 */
function openCopy(path: string, timeoutMs: number): Connection {
  const folder = mkdtempSync(join(tmpdir(), 'strata-look-'));
  try {
    const copy = join(folder, basename(path));
    for (const end of ['', '-wal']) copyFileSync(path + end, copy + end);
    return probe(new Connection(copy, { timeoutMs }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Closes a connection that writes, and keeps the two files beside the database. SQLite removes them with the last
 * connection unless that one is read-only, and on a filesystem without a free inode they could not be created again,
 * not even to remove something.
 */
export function closeKeepingLog(connection: Connection, path: string): void {
  let reader: Connection | undefined;
  try {
    reader = probe(new Connection(uriOf(path, ''), { readOnly: true, timeoutMs: 0 }));
  } catch {
    // Without a reader SQLite removes the files, which loses no data.
  }
  connection[Symbol.dispose]();
  reader?.[Symbol.dispose]();
}
