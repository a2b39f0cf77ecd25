import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

/** Names in a store, for completion in a shell. */
export interface StoreNames {
  readonly containers: readonly { readonly name: string; readonly state: unknown }[];
  /** References in their normalised form, with registry and tag. */
  readonly references: readonly string[];
}

// The shell waits for the names: none are better than late ones.
const busyTimeoutMs = 50;

/**
 * Reads the names in a store's database, without creating or changing any file. Throws what SQLite throws for a file
 * that is missing, unreadable, locked, or of another format.
 */
export function readNames(path: string): StoreNames {
  const url = pathToFileURL(path);
  // Reading a database in WAL mode would create its log and write into the log's index. Without a log no process has
  // the database open, so it can be read as an immutable file.
  url.search = existsSync(`${path}-wal`) ? 'readonly_shm=1' : 'immutable=1';
  const database = new DatabaseSync(url, { readOnly: true, timeout: busyTimeoutMs });
  try {
    const containers = database.prepare('SELECT name, state FROM container ORDER BY name').all();
    const tags = database.prepare('SELECT reference FROM tag ORDER BY reference').all();
    return {
      containers: containers.map(({ name, state }) => ({
        name: String(name),
        state: JSON.parse(String(state)) as unknown,
      })),
      references: tags.map(({ reference }) => String(reference)),
    };
  } finally {
    database.close();
  }
}
