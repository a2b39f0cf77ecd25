import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../../sys/errno.ts';
import { tryLockFile } from '../../sys/flock.ts';
import { ifThere } from '../../sys/if-there.ts';
import { randomHex } from '../../sys/random-hex.ts';
import { type Bundle, bundleAt } from '../runtime/bundle.ts';

/**
 * The files on disk of one process that joins a container, removed at disposal. A lock in the folder protects it from
 * being swept: it is held by the descriptor and by every process that inherits it.
 */
export class ExecFolder implements Disposable {
  /** Paths in it, as in the bundle of a container. */
  readonly files: Bundle;
  /** The runtime's document for the process. */
  readonly process: string;
  /** Inherited by the runtime or the supervisor. */
  readonly lockFd: number;
  #isOurs = true;

  private constructor(directory: string, lockFd: number) {
    this.files = bundleAt(directory);
    this.process = join(directory, 'process.json');
    this.lockFd = lockFd;
  }

  /** Creates a folder below `parent`. Its name is short, because it is part of a socket's path. */
  static make(parent: string, containerId: string): ExecFolder {
    mkdirSync(parent, { recursive: true, mode: 0o700 });
    sweep(parent);
    for (;;) {
      const directory = join(parent, prefixOf(containerId) + randomHex(6));
      mkdirSync(directory, { mode: 0o700 });
      const fd = lockIn(directory);
      // Otherwise a concurrent sweep removed it.
      if (fd !== undefined) return new ExecFolder(directory, fd);
    }
  }

  /** Leaves the folder to the processes that hold the lock; the last one removes it. Idempotent. */
  leave(): void {
    if (this.#isOurs) closeSync(this.lockFd);
    this.#isOurs = false;
  }

  [Symbol.dispose](): void {
    if (this.#isOurs) rmSync(this.files.directory, { recursive: true, force: true });
    this.leave();
  }
}

const prefixOf = (containerId: string): string => `${containerId.slice(0, 16)}-`;
const lockOf = (directory: string): string => bundleAt(directory).lock;

function lockIn(directory: string): number | undefined {
  const path = lockOf(directory);
  const fd = ifThere(() => openSync(path, 'wx', 0o600));
  if (fd === undefined) return undefined;
  if (tryLockFile(fd) && existsSync(path)) return fd;
  closeSync(fd);
  return undefined;
}

// Processes that joined a container end some milliseconds after it, on a busy machine a second later. A slower one is
// held up by a reader of its output, and nothing else may wait for that reader: the next sweep finds its folder.
const patienceMs = 3000;

/**
 * Waits until every process that joined a container has ended, and removes their folders. The container itself has
 * ended. Idempotent.
 */
export async function clearExecFolders(parent: string, containerId: string): Promise<void> {
  for (let waited = 0; waited < patienceMs; waited += 5) {
    if (!sweep(parent).some((name) => name.startsWith(prefixOf(containerId)))) return;
    await sleep(5);
  }
}

/** Removes the folders without a holder; returns the names of the others. */
const sweep = (parent: string): string[] =>
  existsSync(parent) ? readdirSync(parent).filter((name) => !isSwept(join(parent, name))) : [];

function isSwept(directory: string): boolean {
  const fd = ifThere(() => openSync(lockOf(directory), 'r'));
  if (fd === undefined) return isRemoved(directory);
  try {
    if (!tryLockFile(fd)) return false;
    rmSync(directory, { recursive: true, force: true });
    return true;
  } finally {
    closeSync(fd);
  }
}

/**
 * Returns true for a folder that is removed now. Its lock file is missing: it is not locked yet, or being removed by
 * another process.
 */
function isRemoved(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOTEMPTY') return false;
    if (errnoOf(error) === 'ENOENT') return true;
    throw error;
  }
}
