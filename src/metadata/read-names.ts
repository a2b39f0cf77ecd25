import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

/** Names in a store, for the shell to complete. */
export interface StoreNames {
  readonly containers: readonly { readonly name: string; readonly state: unknown }[];
  /** Normalised: with registry and tag. */
  readonly references: readonly string[];
}

// A shell waits for it: better no names than late ones.
const busyTimeoutMs = 50;

/**
 * Reads the names in a store's database and writes nothing, also beside it. Throws what SQLite does: for a file that is
 * not there, not to be read, locked, or of another format.
 */
export function readNames(path: string): StoreNames {
  const url = pathToFileURL(path);
  // Reading a database in WAL mode makes the files of its log, and writes into its index. Where there is none, nobody has it
  // open, and it can be read as a file that does not change.
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
