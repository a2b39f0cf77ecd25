import { closeSync, existsSync, openSync, readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { diskFailure, isDiskFull } from '../content/disk-failure.ts';
import { AT_FDCWD, RENAME_NOREPLACE } from '../sys/constants.ts';
import { errnoOf } from '../sys/errno.ts';
import { renameAt } from '../sys/fs-at.ts';

const prefix = 'spare-';
const count = 8;
// On a filesystem with fewer free inodes no spares are created.
const plentyInodes = 64;

/**
 * Empty files kept in the folder of locks. On a filesystem without a free inode one of them is renamed to become a lock
 * file: a container that creates files in a loop must not prevent its own stop and removal.
 */
export class SpareFiles {
  readonly #directory: string;

  /** `directory` is the store's `locks` folder. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Creates the missing spares when there are plenty of inodes. Idempotent. */
  ensure(): void {
    const existing = new Set(readdirSync(this.#directory));
    const missing = this.#names().filter((name) => !existing.has(name));
    if (missing.length === 0 || statfsSync(this.#directory).ffree < plentyInodes) return;
    try {
      for (const name of missing) closeSync(openSync(join(this.#directory, name), 'a', 0o600));
    } catch (error) {
      if (!isDiskFull(error)) throw diskFailure(error, this.#directory);
    }
  }

  /**
   * Renames a spare to `path`, or finds that another process has created `path`. Returns false when no spare is left.
   */
  take(path: string): boolean {
    return this.#names().some((name) => tryRename(join(this.#directory, name), path) || existsSync(path));
  }

  /** Turns the unused file at `path` into a spare. Returns false when no spare is missing. */
  giveBack(path: string): boolean {
    return this.#names().some((name) => tryRename(path, join(this.#directory, name)));
  }

  #names(): string[] {
    return Array.from({ length: count }, (_, at) => `${prefix}${at}`);
  }
}

function tryRename(from: string, to: string): boolean {
  try {
    renameAt(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}
