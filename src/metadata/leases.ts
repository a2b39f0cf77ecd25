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

/** A recorded lease, alive or dead. */
export interface LeaseRecord {
  readonly id: string;
  /** For people: the operation it belongs to. */
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
  /** Descriptor of the locked file. A program that inherits it keeps the lease alive until it ends, even if we die. */
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

  /** Pins an object, which need not exist yet. */
  async pin(kind: ObjectKind, key: string, options: AbortOptions = {}): Promise<void> {
    await this.withPins((pin) => pin(kind, key), options);
  }

  /** Runs `body` as one transaction, in which it pins objects that it finds. */
  async withPins<T>(body: (pin: Pin) => T, options: AbortOptions = {}): Promise<T> {
    return await this.#objects.withPins(this, body, options);
  }

  /** Pins an object if it is present. True means that it exists and stays as long as this lease. */
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
 * The leases of a store. Each is a row and a lock file, `locks/lease-<id>`. The file is locked before the row is
 * written, and the kernel unlocks it when the process ends, however it ends. A lease is therefore dead when another
 * process can lock its file; clocks, process IDs and reboots do not matter.
 */
export class Leases {
  readonly #db: Database;
  readonly #objects: Objects;
  readonly #directory: string;
  readonly #spares: SpareFiles;
  /** True once a spare file was used because no inode was left: released lock files become spares again. */
  #takesSpares = false;

  /** `directory` is the store's `locks` folder. */
  constructor(db: Database, objects: Objects, directory: string) {
    this.#spares = new SpareFiles(directory);
    this.#db = db;
    this.#objects = objects;
    this.#directory = directory;
  }

  /** Opens a new lease. `purpose` is for people. Throws ERR_NO_SPACE, ERR_STORE_FULL. */
  async open(purpose: string, options: LeaseOptions = {}): Promise<StoreLease> {
    await this.#db.openForWriting(options);
    const { id, fd } = this.#createLockFile();
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
   * Opens a lease for an operation that only reads. On a full disk it may use the reserve, because images are saved
   * elsewhere to free space. On a read-only filesystem nothing can be removed, so the lease is not recorded there.
   */
  async openToRead(purpose: string, options: AbortOptions = {}): Promise<StoreLease> {
    try {
      return await this.open(purpose, { ...options, freesSpace: true });
    } catch (error) {
      if (!isStrataError(error, 'ERR_STORE_READ_ONLY')) throw error;
      return new UnrecordedLease('', -1, this.#objects, async () => {});
    }
  }

  /** Lists the recorded leases, dead ones included, oldest first. */
  list(): LeaseRecord[] {
    return this.#db
      .statement<{ id: string; purpose: string; pid: number; created_at: number }>(
        'SELECT id, purpose, pid, created_at FROM lease ORDER BY created_at, id',
      )
      .all()
      .map((row) => ({ id: row.id, purpose: row.purpose, pid: row.pid, createdAt: row.created_at }));
  }

  /**
   * Removes the leases of dead processes and returns their IDs, which {@link deaths} lists from then on. Safe beside
   * other processes that do the same.
   */
  async removeDead(): Promise<string[]> {
    // Files are listed first: a file without a row was then left by a process that died between creating the two.
    const files = this.lockFiles();
    const ids = new Set([...files.map((name) => name.slice(prefix.length)), ...this.list().map(({ id }) => id)]);
    const removed: string[] = [];
    for (const id of ids) if (await this.#removeIfDead(id)) removed.push(id);
    return removed;
  }

  /**
   * Lists the IDs of leases that died with their processes and whose leftovers were not collected yet. They are
   * recorded on the disk, because the collecting process may be killed, too.
   */
  deaths(): string[] {
    return this.#names().flatMap((name) => (name.startsWith(deathPrefix) ? [name.slice(deathPrefix.length)] : []));
  }

  /** Removes the records of {@link deaths} whose leftovers were collected. */
  forgetDeaths(ids: readonly string[]): void {
    for (const id of ids) rmSync(join(this.#directory, deathPrefix + id), { force: true });
  }

  /** Returns the names of the lock files of all leases, alive or dead. */
  lockFiles(): string[] {
    return this.#names().filter((name) => name.startsWith(prefix));
  }

  /** Returns the names in the folder of locks; none in a store that does not exist yet. */
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
      // A lease without a row was never used: its process died between locking the file and adding the row.
      if (this.list().some((row) => row.id === id)) this.#recordDeath(id);
      return await this.#db.transact(() => this.#deleteRow(id), { freesSpace: true });
    } finally {
      this.#drop(id, fd);
    }
  }

  /** Renames the lock file to a record of the death: a full disk may have no space for a new file. */
  #recordDeath(id: string): void {
    try {
      renameSync(this.#path(id), join(this.#directory, deathPrefix + id));
    } catch (error) {
      // ENOENT: the holder released it just now, and could not remove the row.
      if (!isDiskFull(error) && errnoOf(error) !== 'ENOENT') throw error;
    }
  }

  #createLockFile(): { readonly id: string; readonly fd: number } {
    for (;;) {
      const id = randomHex(10);
      const path = this.#path(id);
      const fd = this.#createFile(path);
      // A process that removes dead leases may have removed the file before we locked it, or turned it into a spare.
      if (fd !== undefined && tryLockFile(fd) && isFileAt(path, fd)) return { id, fd };
      if (fd !== undefined) closeSync(fd);
    }
  }

  /** Returns undefined when another process removed the file at once. */
  #createFile(path: string): number | undefined {
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
      // With its file unlocked the lease counts as dead, so garbage collection removes the row.
      const isLeft = isKind(error, 'exhausted') || isKind(error, 'unavailable');
      if (!isLeft && !isStrataError(error, 'ERR_STORE_FORMAT_NEWER')) throw error;
    }
  }

  #deleteRow(id: string): boolean {
    return this.#db.statement('DELETE FROM lease WHERE id = ?').run(id) > 0;
  }

  /** Removes the lock file while it is still locked, so that no other process can lock it under that name. */
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
