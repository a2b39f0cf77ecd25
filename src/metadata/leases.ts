import { closeSync, constants, existsSync, openSync, readdirSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { diskFailure, isDiskFull } from '../content/disk-failure.ts';
import { isKind, isStrataError } from '../errors/index.ts';
import type { Lease } from '../ledger/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { errnoOf } from '../sys/errno.ts';
import { tryLockFile } from '../sys/flock.ts';
import { ifThere } from '../sys/if-there.ts';
import { isFileAt } from '../sys/is-file-at.ts';
import { randomHex } from '../sys/random-hex.ts';
import type { Database, TransactOptions } from './database.ts';
import type { ObjectKind, Objects, Pin } from './objects.ts';
import { SpareFiles } from './spare-files.ts';

export interface LeaseRecord {
  readonly id: string;
  /** For people: what is being done under it. */
  readonly purpose: string;
  readonly pid: number;
  readonly createdAt: number;
}

type LeaseOptions = Pick<TransactOptions, 'signal' | 'freesSpace'>;

const prefix = 'lease-';
const deathPrefix = 'death-';

/** A lease of this process. */
export class StoreLease implements Lease {
  readonly id: string;
  /** Holds its lock: a program that is given it keeps the lease alive as long as itself, whatever becomes of us. */
  readonly lockFd: number;
  readonly #objects: Objects;
  readonly #end: () => Promise<void>;
  #ended = false;

  constructor(id: string, lockFd: number, objects: Objects, end: () => Promise<void>) {
    this.id = id;
    this.lockFd = lockFd;
    this.#objects = objects;
    this.#end = end;
  }

  /** Holds a thing that may not be there yet. */
  async pin(kind: ObjectKind, key: string, options: AbortOptions = {}): Promise<void> {
    await this.withPins((pin) => pin(kind, key), options);
  }

  /** Runs `body`, which pins what it finds, as one transaction. */
  async withPins<T>(body: (pin: Pin) => T, options: AbortOptions = {}): Promise<T> {
    return await this.#objects.withPins(this, body, options);
  }

  /** *Pin, then look*: true means that the thing is there and stays as long as this lease. */
  async pinIfPresent(kind: ObjectKind, key: string, options: AbortOptions = {}): Promise<boolean> {
    return await this.#objects.pinIfPresent(kind, key, this, options);
  }

  /** Releases everything it pins. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#end();
  }
}

class UnrecordedLease extends StoreLease {
  readonly isUnrecorded = true;
}

/**
 * Leases are rows with a lock file each, `locks/lease-<id>`. The file is locked before the row is written and unlocked by
 * the kernel when the process goes, however it goes; so whoever can lock the file knows that the lease is dead. Clocks,
 * process ids and reboots do not matter.
 */
export class Leases {
  readonly #db: Database;
  readonly #objects: Objects;
  readonly #directory: string;
  readonly #spares: SpareFiles;
  /** There was no inode for another lock: those that are needed no more go back. */
  #takesSpares = false;

  /** `directory` is the store's `locks` folder. */
  constructor(db: Database, objects: Objects, directory: string) {
    this.#spares = new SpareFiles(directory);
    this.#db = db;
    this.#objects = objects;
    this.#directory = directory;
  }

  /** A new lease. Throws ERR_NO_SPACE, ERR_STORE_FULL. */
  async open(purpose: string, options: LeaseOptions = {}): Promise<StoreLease> {
    await this.#db.openForWriting(options);
    const { id, fd } = this.#lockedFile();
    const record = (): number =>
      this.#db
        .statement('INSERT INTO lease (id, purpose, pid, created_at) VALUES (?, ?, ?, ?)')
        .run(id, purpose, process.pid, Date.now());
    try {
      await this.#db.transact(record, { ...options, skipFlush: true });
    } catch (error) {
      this.#drop(id, fd);
      throw error;
    }
    return new StoreLease(id, fd, this.#objects, async () => {
      try {
        await this.#forget(id);
      } finally {
        this.#drop(id, fd);
      }
    });
  }

  /**
   * {@link open} for those who only read. On a full disk it may use the reserve, because images are saved elsewhere to make
   * room. Nothing can be removed from a store on a read-only filesystem, so the lease then holds nothing and is not recorded.
   */
  async openToRead(purpose: string, options: AbortOptions = {}): Promise<StoreLease> {
    try {
      return await this.open(purpose, { ...options, freesSpace: true });
    } catch (error) {
      if (!isStrataError(error, 'ERR_STORE_READ_ONLY')) throw error;
      return new UnrecordedLease('', -1, this.#objects, async () => {});
    }
  }

  /** Those that are recorded, dead ones included, oldest first. */
  list(): LeaseRecord[] {
    return this.#db
      .statement<{ id: string; purpose: string; pid: number; created_at: number }>(
        'SELECT id, purpose, pid, created_at FROM lease ORDER BY created_at, id',
      )
      .all()
      .map((row) => ({ id: row.id, purpose: row.purpose, pid: row.pid, createdAt: row.created_at }));
  }

  /**
   * Ends the leases of processes that are gone; answers their ids, which {@link deaths} tells from then on. Safe beside
   * others that do the same.
   */
  async removeDead(): Promise<string[]> {
    // Files first: one seen now without a row afterwards was left by a process that died between the two.
    const files = this.lockFiles();
    const ids = new Set([...files.map((name) => name.slice(prefix.length)), ...this.list().map(({ id }) => id)]);
    const removed: string[] = [];
    for (const id of ids) if (await this.#removeIfDead(id)) removed.push(id);
    return removed;
  }

  /**
   * Leases that ended with their processes, as long as nobody has cleared up after those: who began to may have been
   * killed, too.
   */
  deaths(): string[] {
    return this.#names().flatMap((name) => (name.startsWith(deathPrefix) ? [name.slice(deathPrefix.length)] : []));
  }

  /** What these left is cleared up. */
  forgetDeaths(ids: readonly string[]): void {
    for (const id of ids) rmSync(join(this.#directory, deathPrefix + id), { force: true });
  }

  /** Returns the names of the lock files of all leases, living or dead. */
  lockFiles(): string[] {
    return this.#names().filter((name) => name.startsWith(prefix));
  }

  /** None in a store that is not there yet. */
  #names(): string[] {
    return existsSync(this.#directory) ? readdirSync(this.#directory) : [];
  }

  async #removeIfDead(id: string): Promise<boolean> {
    let fd: number;
    try {
      fd = openSync(this.#path(id), constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      return await this.#db.transact(() => this.#deleteRow(id), { freesSpace: true });
    }
    if (!tryLockFile(fd)) {
      closeSync(fd);
      return false;
    }
    try {
      // Its maker locks it before it adds the row: without one it made nothing yet.
      if (this.list().some((row) => row.id === id)) this.#noteDeath(id);
      return await this.#db.transact(() => this.#deleteRow(id), { freesSpace: true });
    } finally {
      this.#drop(id, fd);
    }
  }

  /** The lock file becomes the note: a full disk may have no room for another. */
  #noteDeath(id: string): void {
    try {
      renameSync(this.#path(id), join(this.#directory, deathPrefix + id));
    } catch (error) {
      // Gone: its holder ended it after all, and could not remove the row.
      if (!isDiskFull(error) && errnoOf(error) !== 'ENOENT') throw error;
    }
  }

  #lockedFile(): { readonly id: string; readonly fd: number } {
    for (;;) {
      const id = randomHex(10);
      const path = this.#path(id);
      const fd = this.#make(path);
      // Somebody who looks for dead leases may have removed the file between the two calls, or made it a spare one.
      if (fd !== undefined && tryLockFile(fd) && isFileAt(path, fd)) return { id, fd };
      if (fd !== undefined) closeSync(fd);
    }
  }

  /** Undefined when the file was taken away at once. */
  #make(path: string): number | undefined {
    try {
      return openSync(path, 'wx', 0o600);
    } catch (error) {
      if (!isDiskFull(error) || !this.#spares.take(path)) throw diskFailure(error, this.#directory);
      this.#takesSpares = true;
      return ifThere(() => openSync(path, 'r'));
    }
  }

  async #forget(id: string): Promise<void> {
    try {
      await this.#db.transact(() => this.#deleteRow(id), { skipFlush: true });
    } catch (error) {
      // The closed lock says that it is dead: garbage collection removes the row.
      const isLeft = isKind(error, 'exhausted') || isKind(error, 'unavailable');
      if (!isLeft && !isStrataError(error, 'ERR_STORE_FORMAT_NEWER')) throw error;
    }
  }

  #deleteRow(id: string): boolean {
    return this.#db.statement('DELETE FROM lease WHERE id = ?').run(id) > 0;
  }

  /** Unlinked while it is still locked, so that nobody else ever locks a file of that name. */
  #drop(id: string, fd: number): void {
    const path = this.#path(id);
    try {
      if (!this.#takesSpares || !this.#spares.giveBack(path)) unlinkSync(path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    } finally {
      closeSync(fd);
    }
  }

  #path(id: string): string {
    return join(this.#directory, prefix + id);
  }
}
