import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { AbortOptions } from '../../lib/abort.ts';
import { invariant } from '../../lib/invariant.ts';
import { bootId } from '../../sys/boot-id.ts';
import { errnoOf } from '../../sys/errno.ts';
import { tryLockFile } from '../../sys/flock.ts';
import type { RunningDigest } from '../verified.ts';

const pieceBytes = 1 << 20;

/**
 * One `ingest/<id>/` folder, held by a lock on the folder itself: `data` (the bytes so far), `ref` (the text it stands
 * for, for people) and `flushed` (the boot in which `data` grew, and how many bytes were on the disk by then).
 */
export class IngestFolder {
  readonly path: string;
  #lock: number | undefined;
  #data: FileHandle | undefined;

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
      if (ingest) ingest.#introduce(ref);
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
        const named = statSync(path, { throwIfNoEntry: false });
        outcome = named && isSame(named, fstatSync(fd)) ? new IngestFolder(path, fd) : 'gone';
      }
      return outcome;
    } finally {
      if (!(outcome instanceof IngestFolder)) closeSync(fd);
    }
  }

  /**
   * Opens `data`, drops what cannot be trusted, passes the rest through `running` and answers how much that is. In the
   * boot that wrote them all bytes are there, also after a kill; after another boot only what was flushed.
   */
  async resume(running: RunningDigest, { signal }: AbortOptions): Promise<number> {
    const { boot, flushedBytes } = this.#readFlushed();
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    this.#data = await open(join(this.path, 'data'), flags, 0o644);
    const { size } = await this.#data.stat();
    const trusted = boot === bootId() ? size : Math.min(size, flushedBytes);
    if (trusted < size) await this.#data.truncate(trusted);
    if (boot !== bootId()) this.recordFlushed(trusted);
    await this.rehash(running, trusted, { signal });
    return trusted;
  }

  get data(): FileHandle {
    invariant(this.#data, 'the ingest is open');
    return this.#data;
  }

  get dataPath(): string {
    return join(this.path, 'data');
  }

  /** The state of a hash cannot be kept across processes: the bytes are read again. */
  async rehash(running: RunningDigest, endBytes: number, { signal }: AbortOptions = {}): Promise<void> {
    const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, endBytes));
    for (let position = 0; position < endBytes; ) {
      signal?.throwIfAborted();
      const length = Math.min(piece.length, endBytes - position);
      const { bytesRead } = await this.data.read(piece, 0, length, position);
      invariant(bytesRead > 0, `${this.dataPath} shrank while it was held`);
      running.update(piece.subarray(0, bytesRead));
      position += bytesRead;
    }
  }

  /** To be called when that much of `data` has been flushed, or less has been cut off. */
  recordFlushed(offset: number): void {
    // One write of constant length over what is there: a kill leaves the old record or the new one.
    const fd = openSync(join(this.path, 'flushed'), constants.O_WRONLY | constants.O_CREAT, 0o600);
    try {
      writeSync(fd, `${bootId()} ${String(offset).padStart(16, '0')}\n`, 0);
    } finally {
      closeSync(fd);
    }
  }

  /** Lets the next writer have it. Idempotent. */
  async release(): Promise<void> {
    await this.#data?.close();
    this.#data = undefined;
    if (this.#lock !== undefined) closeSync(this.#lock);
    this.#lock = undefined;
  }

  /** Removes the folder and whatever is still in it. */
  async remove(): Promise<void> {
    try {
      rmSync(this.path, { recursive: true, force: true });
    } finally {
      await this.release();
    }
  }

  #introduce(ref: string): void {
    const file = join(this.path, 'ref');
    if (statSync(file, { throwIfNoEntry: false }) === undefined) writeFileSync(file, ref, { mode: 0o600 });
  }

  #readFlushed(): { readonly boot: string | undefined; readonly flushedBytes: number } {
    try {
      const [boot, offset] = readFileSync(join(this.path, 'flushed'), 'utf8').split(' ');
      const flushedBytes = Number(offset);
      if (Number.isSafeInteger(flushedBytes) && flushedBytes >= 0) return { boot, flushedBytes };
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    return { boot: undefined, flushedBytes: 0 };
  }
}

const isSame = (a: Stats, b: Stats): boolean => a.ino === b.ino && a.dev === b.dev;

function makeUnlessThere(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
