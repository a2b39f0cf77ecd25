import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { orUndo } from '../../lib/or-undo.ts';
import { thenAlways } from '../../lib/then-always.ts';
import { bootId } from '../../sys/boot-id.ts';
import { errnoOf } from '../../sys/errno.ts';
import { tryLockFile } from '../../sys/flock.ts';
import { isFileAt } from '../../sys/is-file-at.ts';
import { diskFailure } from '../disk-failure.ts';

/** Returns the path of an ingest's bytes. */
export const dataPathOf = (folder: string): string => join(folder, 'data');

// Has the length of any boot ID, and equals none.
const noBoot = '00000000-0000-0000-0000-000000000000';

/**
 * One `ingest/<id>/` folder, locked by a `flock` on the folder itself. It holds `data` (the bytes so far), `ref` (its
 * name, for people) and `flushed` (the boot in which `data` last grew, and how many bytes were on the disk by then).
 */
export class IngestFolder {
  readonly path: string;
  #lock: number | undefined;

  private constructor(path: string, lock: number) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Locks the folder, and creates it when it is missing. Returns undefined while another process or writer holds it.
   */
  static hold(path: string, ref: string): IngestFolder | undefined {
    for (;;) {
      makeIfMissing(path);
      const ingest = IngestFolder.holdExisting(path);
      if (ingest === 'missing') continue;
      if (ingest) {
        orUndo(
          () => ingest.#writeRef(ref),
          () => ingest.remove(),
        );
      }
      return ingest;
    }
  }

  /**
   * Locks an existing folder. Returns undefined while another writer holds it, `missing` when the folder does not exist
   * or was removed meanwhile (and maybe created again).
   */
  static holdExisting(path: string): IngestFolder | 'missing' | undefined {
    let fd: number;
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return 'missing';
      throw error;
    }
    let outcome: IngestFolder | 'missing' | undefined;
    try {
      if (tryLockFile(fd)) {
        // The previous holder may have removed the folder between our open and our lock.
        outcome = isFileAt(path, fd) ? new IngestFolder(path, fd) : 'missing';
      }
      return outcome;
    } finally {
      if (!(outcome instanceof IngestFolder)) closeSync(fd);
    }
  }

  get dataPath(): string {
    return dataPathOf(this.path);
  }

  /** Reads how many bytes of `data` were on the disk for certain, and the boot in which more may have been written. */
  readFlushed(): { readonly boot: string | undefined; readonly flushedBytes: number } {
    try {
      const [boot, offset] = readFileSync(join(this.path, 'flushed'), 'utf8').split(' ');
      const flushedBytes = Number(offset);
      if (Number.isSafeInteger(flushedBytes) && flushedBytes >= 0) return { boot, flushedBytes };
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    return { boot: undefined, flushedBytes: 0 };
  }

  recordFlushed(offset: number): void {
    this.#record(bootId(), offset);
  }

  /** Records that only the first `offset` bytes of `data` may be trusted: the disk has lost some after them. */
  recordLost(offset: number): void {
    this.#record(noBoot, offset);
  }

  #record(boot: string, offset: number): void {
    // A single write of constant length over the old record: a kill leaves the old record or the new one.
    const fd = openSync(join(this.path, 'flushed'), constants.O_WRONLY | constants.O_CREAT, 0o600);
    try {
      writeSync(fd, `${boot} ${String(offset).padStart(16, '0')}\n`, 0);
    } finally {
      closeSync(fd);
    }
  }

  /** Releases the lock. Idempotent. */
  release(): void {
    if (this.#lock !== undefined) closeSync(this.#lock);
    this.#lock = undefined;
  }

  /** Removes the folder with its files. Opens none, so it works when the limit of open files is reached. */
  remove(): void {
    thenAlways(
      () => {
        for (const name of ['data', 'ref', 'flushed']) rmSync(join(this.path, name), { force: true });
        removeFolder(this.path);
      },
      () => this.release(),
    );
  }

  #writeRef(ref: string): void {
    const file = join(this.path, 'ref');
    try {
      if (statSync(file, { throwIfNoEntry: false }) === undefined) writeFileSync(file, ref, { mode: 0o600 });
    } catch (error) {
      // Converted before the folder is removed: the message depends on what is free now.
      throw diskFailure(error, this.path);
    }
  }
}

function removeFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // It holds files that are not ours.
    rmSync(path, { recursive: true, force: true });
  }
}

function makeIfMissing(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
