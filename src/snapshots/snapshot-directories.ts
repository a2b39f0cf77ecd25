import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { diskFailure } from '../content/disk-failure.ts';
import { moveToTrash } from '../content/trash.ts';
import { syncDirectory } from '../sys/sync-directory.ts';

// Suffix of a directory that is still being filled; no snapshot ID has a dot.
const unfinished = '.new';
const treeName = 'fs';

/**
 * The directories of one driver, `<root>/snapshots/<driver>/<id>`. A directory under its own ID is complete: it is
 * filled under another name and renamed. Its record is inserted before and removed before, so a directory without a
 * record is unused, whatever other processes do at the time.
 */
export class SnapshotDirectories {
  readonly #driver: string;
  readonly #trash: string;
  /** Directory of all snapshots of the driver. */
  readonly base: string;

  constructor(root: string, driver: string) {
    this.#driver = driver;
    this.#trash = join(root, 'trash');
    this.base = join(root, 'snapshots', driver);
  }

  path(id: string): string {
    return join(this.base, id);
  }

  /** Returns the directory of the snapshot's own files. */
  tree(id: string): string {
    // Called hundreds of times for each mount.
    return `${this.base}/${id}/${treeName}`;
  }

  exists(id: string): boolean {
    return existsSync(this.tree(id));
  }

  /** Runs `fill` on a new tree, then renames it to `id`. After a failure call {@link discard}. Throws ERR_NO_SPACE. */
  async create(id: string, fill: (tree: string) => void | Promise<void>): Promise<void> {
    const directory = this.path(id) + unfinished;
    const tree = join(directory, treeName);
    try {
      // For this user alone: layers hold setuid programs of other users.
      for (const folder of [this.base, this.#trash]) mkdirSync(folder, { recursive: true, mode: 0o700 });
      mkdirSync(directory, { mode: 0o700 });
      mkdirSync(tree);
      // Sets the mode regardless of the umask.
      chmodSync(tree, 0o755);
      await fill(tree);
      renameSync(directory, this.path(id));
    } catch (error) {
      throw diskFailure(error, this.base);
    }
  }

  /** Flushes a directory that is still empty. Throws ERR_NO_SPACE. */
  async sync(id: string): Promise<void> {
    try {
      for (const directory of [this.tree(id), this.path(id), this.base]) await syncDirectory(directory);
    } catch (error) {
      throw diskFailure(error, this.base);
    }
  }

  /** Moves the directory of `id` to the path of another one that was lost. */
  replace(lostId: string, id: string): void {
    this.#moveAway(lostId);
    renameSync(this.path(id), this.path(lostId));
  }

  /** Moves the directory of `id`, complete or not, into trash. Idempotent. */
  discard(id: string): void {
    this.#moveAway(id);
    this.#moveAway(id + unfinished);
  }

  /** Moves one part of a snapshot's directory into trash. Idempotent. */
  discardPart(id: string, part: string): void {
    this.#moveAway(join(id, part));
  }

  /** Returns the IDs that have a directory, complete or not; ignores other names. */
  ids(): ReadonlySet<string> {
    const found = existsSync(this.base) ? readdirSync(this.base) : [];
    const names = found.map((name) => name.replace(unfinished, ''));
    return new Set(names.filter((name) => /^[0-9a-f]{20}$/.test(name)));
  }

  // Removing a large tree takes seconds: garbage collection does that later, so that the caller need not wait.
  #moveAway(name: string): void {
    moveToTrash(join(this.base, name), this.#trash, `snapshot-${this.#driver}-${name.replaceAll('/', '-')}`);
  }
}
