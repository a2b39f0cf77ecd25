import { closeSync, existsSync, openSync, readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { diskFailure, isDiskFull } from '../content/disk-failure.ts';
import { AT_FDCWD, RENAME_NOREPLACE } from '../sys/constants.ts';
import { errnoOf } from '../sys/errno.ts';
import { renameAt } from '../sys/fs-at.ts';

const prefix = 'spare-';
const count = 8;
// A filesystem with fewer is left what it has.
const plentyInodes = 64;

/**
 * Empty files set aside among a store's locks. On a filesystem without a free inode a lock is one of them, renamed: a
 * container that makes files in a loop must not keep anybody from stopping and removing it.
 */
export class SpareFiles {
  readonly #directory: string;

  /** `directory` is the store's `locks` folder. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Sets aside what is missing, when there is plenty. Idempotent. */
  ensure(): void {
    const standing = new Set(readdirSync(this.#directory));
    const missing = this.#names().filter((name) => !standing.has(name));
    if (missing.length === 0 || statfsSync(this.#directory).ffree < plentyInodes) return;
    try {
      for (const name of missing) closeSync(openSync(join(this.#directory, name), 'a', 0o600));
    } catch (error) {
      if (!isDiskFull(error)) throw diskFailure(error, this.#directory);
    }
  }

  /** Gives one of them the name `path`, unless somebody was faster with that. False when none is left. */
  take(path: string): boolean {
    return this.#names().some((name) => isRenamed(join(this.#directory, name), path) || existsSync(path));
  }

  /** Takes back the file at `path`, which nobody needs any more. False when they are complete without it. */
  giveBack(path: string): boolean {
    return this.#names().some((name) => isRenamed(path, join(this.#directory, name)));
  }

  #names(): string[] {
    return Array.from({ length: count }, (_, at) => `${prefix}${at}`);
  }
}

function isRenamed(from: string, to: string): boolean {
  try {
    renameAt(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}
