import type { Connection } from './connection.ts';
import { isBusy, isUnopenable } from './sqlite-failure.ts';

/**
 * Writes the write-ahead log back to the database and truncates it. Frames that the disk has lost are still in memory
 * and are written from there. Does not wait: returns false while another process writes, or reads an earlier state.
 * `timeoutMs` is the connection's busy timeout, which is set again. Throws what SQLite throws.
 */
export function resetLog(connection: Connection, timeoutMs: number): boolean {
  const reset = (): boolean => connection.get('PRAGMA wal_checkpoint(TRUNCATE)')?.['busy'] === 0;
  connection.exec('PRAGMA busy_timeout = 0');
  try {
    return reset();
  } catch (error) {
    if (isBusy(error)) return false;
    // The kernel reports a lost write once through each descriptor, so once through SQLite's own: the second try
    // counts.
    if (isUnopenable(error)) return reset();
    throw error;
  } finally {
    connection.exec(`PRAGMA busy_timeout = ${timeoutMs}`);
  }
}
