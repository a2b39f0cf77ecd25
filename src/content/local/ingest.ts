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

/** Where an ingest's bytes are. */
export const dataOf = (folder: string): string => join(folder, 'data');

// As long as any boot's.
const noBoot = '00000000-0000-0000-0000-000000000000';

/**
 * One `ingest/<id>/` folder, held by a lock on the folder itself: `data` (the bytes so far), `ref` (the text it stands
 * for, for people) and `flushed` (the boot in which `data` grew, and how many bytes were on the disk by then).
 */
export class IngestFolder {
  readonly path: string;
  #lock: number | undefined;

  private constructor(path: string, lock: number) {
    this.path = path;
    this.#lock = lock;
  }

  /** Makes the folder if need be. Undefined while another writer holds it. */
  static hold(path: string, ref: string): IngestFolder | undefined {
    for (;;) {
      makeUnlessThere(path);
      const ingest = IngestFolder.holdExisting(path);
      if (ingest === 'gone') continue;
      if (ingest) {
        orUndo(
          () => ingest.#introduce(ref),
          () => ingest.remove(),
        );
      }
      return ingest;
    }
  }

  /** Undefined while another writer holds it; `gone` when the folder vanished, maybe to be made anew. */
  static holdExisting(path: string): IngestFolder | 'gone' | undefined {
    let fd: number;
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return 'gone';
      throw error;
    }
    let outcome: IngestFolder | 'gone' | undefined;
    try {
      if (tryLockFile(fd)) {
        // The folder we opened may have been removed by its last holder before we got its lock.
        outcome = isFileAt(path, fd) ? new IngestFolder(path, fd) : 'gone';
      }
      return outcome;
    } finally {
      if (!(outcome instanceof IngestFolder)) closeSync(fd);
    }
  }

  get dataPath(): string {
    return dataOf(this.path);
  }

  /** How many bytes of `data` were on the disk for certain, and in which boot more may have come. */
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

  /** Only so many bytes of `data` may be trusted from now on: the disk has lost some behind them. */
  recordLost(offset: number): void {
    this.#record(noBoot, offset);
  }

  #record(boot: string, offset: number): void {
    // One write of constant length over what is there: a kill leaves the old record or the new one.
    const fd = openSync(join(this.path, 'flushed'), constants.O_WRONLY | constants.O_CREAT, 0o600);
    try {
      writeSync(fd, `${boot} ${String(offset).padStart(16, '0')}\n`, 0);
    } finally {
      closeSync(fd);
    }
  }

  /** Lets the next writer have it. Idempotent. */
  release(): void {
    if (this.#lock !== undefined) closeSync(this.#lock);
    this.#lock = undefined;
  }

  /** Removes the folder and what is still in it; opens no file, for when the limit on those has been reached. */
  remove(): void {
    thenAlways(
      () => {
        for (const name of ['data', 'ref', 'flushed']) rmSync(join(this.path, name), { force: true });
        removeFolder(this.path);
      },
      () => this.release(),
    );
  }

  #introduce(ref: string): void {
    const file = join(this.path, 'ref');
    try {
      if (statSync(file, { throwIfNoEntry: false }) === undefined) writeFileSync(file, ref, { mode: 0o600 });
    } catch (error) {
      // Before the folder goes: what ran out is told by what is free now.
      throw diskFailure(error, this.path);
    }
  }
}

function removeFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Somebody has put more into it.
    rmSync(path, { recursive: true, force: true });
  }
}

function makeUnlessThere(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
