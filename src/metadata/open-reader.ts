import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Connection } from './connection.ts';
import { isUnopenable } from './sqlite-failure.ts';
import { storeTrouble } from './store-trouble.ts';

export interface ReaderOptions {
  /** How long to wait for another process, in milliseconds. */
  readonly timeoutMs: number;
  /** This process has no other connection to the file, which would inherit that the log's index can only be read. */
  readonly isAlone: boolean;
}

/**
 * Opens the database at `path` for reading, and changes nothing on the disk. SQLite's own read-only mode makes the two
 * files beside the database, or writes into them, and fails where it cannot.
 */
export function openReader(path: string, { timeoutMs, isAlone }: ReaderOptions): Connection {
  const options = { readOnly: true, timeoutMs };
  try {
    // The index of the write-ahead log as it stands; with nobody else at the store, one in memory.
    if (isAlone) return probed(new Connection(uriOf(path, 'readonly_shm=1'), options));
  } catch (error) {
    if (!isUnopenable(error)) throw error;
  }
  try {
    // A writer has begun the log anew, and reading it takes a mark in the index. Or the two files are missing, as after a
    // backup was put back; they are there from now on.
    return probed(new Connection(uriOf(path, ''), options));
  } catch (error) {
    const trouble = storeTrouble(path);
    if (!isUnopenable(error) || (trouble !== 'read-only' && trouble !== 'inodes')) throw error;
  }
  // Nobody can write here, so SQLite need not look out for anybody.
  if (sizeOf(`${path}-wal`) === 0) return probed(new Connection(uriOf(path, 'immutable=1'), options));
  return openCopy(path, timeoutMs);
}

/** SQLite opens files when it needs them first. */
function probed(connection: Connection): Connection {
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

/** A log that was not written back can be read only where it can be indexed. The copy is gone with the connection. */
function openCopy(path: string, timeoutMs: number): Connection {
  const folder = mkdtempSync(join(tmpdir(), 'strata-look-'));
  try {
    const copy = join(folder, basename(path));
    for (const end of ['', '-wal']) copyFileSync(path + end, copy + end);
    return probed(new Connection(copy, { timeoutMs }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Closes a connection that writes, and leaves the two files beside the database where they are. SQLite removes them with
 * the last connection, unless that is one that only reads; and on a filesystem without a free inode nobody could make them
 * again, not even to remove something.
 */
export function closeKeepingLog(connection: Connection, path: string): void {
  let reader: Connection | undefined;
  try {
    reader = probed(new Connection(uriOf(path, ''), { readOnly: true, timeoutMs: 0 }));
  } catch {
    // Without it the files go, which loses nothing.
  }
  connection[Symbol.dispose]();
  reader?.[Symbol.dispose]();
}
