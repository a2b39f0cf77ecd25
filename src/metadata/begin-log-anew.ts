import type { Connection } from './connection.ts';
import { isBusy, isUnopenable } from './sqlite-failure.ts';

/**
 * Writes a log that lost something back to the database, from what is in memory, and empties it. Waits for nobody: false
 * while others write, or read what was before. `timeoutMs` is the connection's own. Throws what SQLite throws.
 */
export function beginLogAnew(connection: Connection, timeoutMs: number): boolean {
  const begin = (): boolean => connection.get('PRAGMA wal_checkpoint(TRUNCATE)')?.['busy'] === 0;
  connection.exec('PRAGMA busy_timeout = 0');
  try {
    return begin();
  } catch (error) {
    if (isBusy(error)) return false;
    // The kernel tells of what was lost through each descriptor once, also through SQLite's own.
    if (isUnopenable(error)) return begin();
    throw error;
  } finally {
    connection.exec(`PRAGMA busy_timeout = ${timeoutMs}`);
  }
}
