import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { diskFailure } from '../content/disk-failure.ts';
import { moveToTrash } from '../content/trash.ts';
import { syncDirectory } from '../sys/sync-directory.ts';

// Marks a directory that is still being filled; no snapshot id holds a dot.
const unfinished = '.new';
const treeName = 'fs';

/**
 * The directories of one driver under `<root>/snapshots/<driver>/<id>`. A directory under its own id is complete: it is
 * filled under another name and renamed. Its record stands before it and goes before it, so a directory without a
 * record belongs to nobody, whatever other processes do at the time.
 */
export class SnapshotDirectories {
  readonly #driver: string;
  readonly #trash: string;
  /** Where they all lie. */
  readonly base: string;

  constructor(root: string, driver: string) {
    this.#driver = driver;
    this.#trash = join(root, 'trash');
    this.base = join(root, 'snapshots', driver);
  }

  path(id: string): string {
    return join(this.base, id);
  }

  /** The snapshot's own files. */
  tree(id: string): string {
    // Asked of hundreds for each mount.
    return `${this.base}/${id}/${treeName}`;
  }

  exists(id: string): boolean {
    return existsSync(this.tree(id));
  }

  /**
   * Lets `fill` fill the tree, then shows it under `id`; what is left of a failure is to be discarded. Throws
   * ERR_NO_SPACE.
   */
  async create(id: string, fill: (tree: string) => void | Promise<void>): Promise<void> {
    const directory = this.path(id) + unfinished;
    const tree = join(directory, treeName);
    try {
      // For this user alone: layers hold other people's setuid programs.
      for (const folder of [this.base, this.#trash]) mkdirSync(folder, { recursive: true, mode: 0o700 });
      mkdirSync(directory, { mode: 0o700 });
      mkdirSync(tree);
      // Whatever the umask.
      chmodSync(tree, 0o755);
      await fill(tree);
      renameSync(directory, this.path(id));
    } catch (error) {
      throw diskFailure(error, this.base);
    }
  }

  /** Has a directory in which nothing is yet on the disk. Throws ERR_NO_SPACE. */
  async sync(id: string): Promise<void> {
    try {
      for (const directory of [this.tree(id), this.path(id), this.base]) await syncDirectory(directory);
    } catch (error) {
      throw diskFailure(error, this.base);
    }
  }

  /** Puts the directory of `id` in the place of another that was lost. */
  replace(lostId: string, id: string): void {
    this.#moveAway(lostId);
    renameSync(this.path(id), this.path(lostId));
  }

  /** Moves the directory of `id`, finished or not, into trash. Idempotent. */
  discard(id: string): void {
    this.#moveAway(id);
    this.#moveAway(id + unfinished);
  }

  /** Moves one part of a snapshot's directory into trash. Idempotent. */
  discardPart(id: string, part: string): void {
    this.#moveAway(join(id, part));
  }

  /** Ids that have a directory, finished or not; names that are none of ours are left alone. */
  ids(): ReadonlySet<string> {
    const found = existsSync(this.base) ? readdirSync(this.base) : [];
    const names = found.map((name) => name.replace(unfinished, ''));
    return new Set(names.filter((name) => /^[0-9a-f]{20}$/.test(name)));
  }

  // Emptying a large tree takes seconds: garbage collection does that, behind whoever waits for this.
  #moveAway(name: string): void {
    moveToTrash(join(this.base, name), this.#trash, `snapshot-${this.#driver}-${name.replaceAll('/', '-')}`);
  }
}
