import { closeSync, constants, existsSync, openSync, readdirSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { diskFailure, isDiskFull } from '../content/disk-failure.ts';
import { isKind, isStrataError } from '../errors/index.ts';
import type { Lease } from '../ledger/types.ts';
import { orUndo } from '../lib/or-undo.ts';
import { thenAlways } from '../lib/then-always.ts';
import { errnoOf } from '../sys/errno.ts';
import { tryLockFile } from '../sys/flock.ts';
import { ifThere } from '../sys/if-there.ts';
import { isAt } from '../sys/is-at.ts';
import { randomHex } from '../sys/random-hex.ts';
import type { Database } from './database.ts';
import type { ObjectKind, Objects } from './objects.ts';
import { SpareFiles } from './spare-files.ts';

export interface LeaseRecord {
  readonly id: string;
  /** For people: what is being done under it. */
  readonly purpose: string;
  readonly pid: number;
  readonly createdAt: number;
}

const prefix = 'lease-';
const deathPrefix = 'death-';

/** A lease of this process. */
export class StoreLease implements Lease {
  readonly id: string;
  /** Holds its lock: a program that is given it keeps the lease alive as long as itself, whatever becomes of us. */
  readonly lockFd: number;
  readonly #objects: Objects;
  readonly #end: () => void;
  #ended = false;

  constructor(id: string, lockFd: number, objects: Objects, end: () => void) {
    this.id = id;
    this.lockFd = lockFd;
    this.#objects = objects;
    this.#end = end;
  }

  /** Holds a thing that may not be there yet. */
  pin(kind: ObjectKind, key: string): void {
    this.#objects.pin(kind, key, this);
  }

  /** Runs `body`, which pins what it finds, as one transaction. */
  pinning<T>(body: () => T): T {
    return this.#objects.pinning(this, body);
  }

  /** *Pin, then look*: true means that the thing is there and stays as long as this lease. */
  pinIfPresent(kind: ObjectKind, key: string): boolean {
    return this.#objects.pinIfPresent(kind, key, this);
  }

  /** Releases everything it pins. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#end();
  }
}

class NeedlessLease extends StoreLease {
  readonly isNeedless = true;
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
  open(purpose: string): StoreLease {
    this.#db.openForWriting();
    const { id, fd } = this.#lockedFile();
    const record = (): number =>
      this.#db
        .statement('INSERT INTO lease (id, purpose, pid, created_at) VALUES (?, ?, ?, ?)')
        .run(id, purpose, process.pid, Date.now());
    orUndo(
      () => this.#db.writeVolatile(record),
      () => this.#drop(id, fd),
    );
    return new StoreLease(id, fd, this.#objects, () =>
      thenAlways(
        () => this.#forget(id),
        () => this.#drop(id, fd),
      ),
    );
  }

  /**
   * {@link open} for those who only read. On a full disk it may use the reserve, because images are saved elsewhere to make
   * room. Nothing can be removed from a store on a read-only filesystem, so the lease then holds nothing and is not recorded.
   */
  openToRead(purpose: string): StoreLease {
    try {
      return this.#db.reserve.useFor(() => this.open(purpose));
    } catch (error) {
      if (!isStrataError(error, 'ERR_STORE_READ_ONLY')) throw error;
      return new NeedlessLease('', -1, this.#objects, () => {});
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
  removeDead(): string[] {
    // Files first: one seen now without a row afterwards was left by a process that died between the two.
    const files = this.#names().filter((name) => name.startsWith(prefix));
    const ids = new Set([...files.map((name) => name.slice(prefix.length)), ...this.list().map(({ id }) => id)]);
    return [...ids].filter((id) => this.#removeIfDead(id));
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

  /** None in a store that is not there yet. */
  #names(): string[] {
    return existsSync(this.#directory) ? readdirSync(this.#directory) : [];
  }

  #removeIfDead(id: string): boolean {
    let fd: number;
    try {
      fd = openSync(this.#path(id), constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      return this.#db.writeToFree(() => this.#deleteRow(id));
    }
    if (!tryLockFile(fd)) {
      closeSync(fd);
      return false;
    }
    return thenAlways(
      () => {
        // Its maker locks it before he adds the row: without one he made nothing yet.
        if (this.list().some((row) => row.id === id)) this.#noteDeath(id);
        return this.#db.writeToFree(() => this.#deleteRow(id));
      },
      () => this.#drop(id, fd),
    );
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
      if (fd !== undefined && tryLockFile(fd) && isAt(path, fd)) return { id, fd };
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

  #forget(id: string): void {
    try {
      this.#db.writeVolatile(() => this.#deleteRow(id));
    } catch (error) {
      // The closed lock says that it is dead: garbage collection removes the row.
      if (!isKind(error, 'exhausted') && !isKind(error, 'unavailable')) throw error;
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
