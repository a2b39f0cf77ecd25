import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../../sys/errno.ts';
import { tryLockFile } from '../../sys/flock.ts';
import { ifThere } from '../../sys/if-there.ts';
import { randomHex } from '../../sys/random-hex.ts';
import { type Bundle, bundleAt } from '../runtime/bundle.ts';

/**
 * What one process that joins a container needs on disk, gone at disposal. A file in it is locked: whoever has the
 * descriptor, and all it is passed on to, keeps the folder from those who clear up behind the killed.
 */
export class ExecFolder implements Disposable {
  /** Where things lie in it, as in the bundle of a container. */
  readonly files: Bundle;
  /** The runtime's document for the process. */
  readonly process: string;
  /** For the runtime or the supervisor to inherit. */
  readonly lockFd: number;
  #isOurs = true;

  private constructor(directory: string, lockFd: number) {
    this.files = bundleAt(directory);
    this.process = join(directory, 'process.json');
    this.lockFd = lockFd;
  }

  /** Below `parent`, with a short name: a socket is made in it. */
  static make(parent: string, containerId: string): ExecFolder {
    mkdirSync(parent, { recursive: true, mode: 0o700 });
    sweep(parent);
    for (;;) {
      const directory = join(parent, prefixOf(containerId) + randomHex(6));
      mkdirSync(directory, { mode: 0o700 });
      const fd = lockIn(directory);
      // Else somebody who clears up came between.
      if (fd !== undefined) return new ExecFolder(directory, fd);
    }
  }

  /** Leaves it to those who hold it, who take it away in the end. Idempotent. */
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

// What has joined a container ends some milliseconds after it, and on a busy machine a second later. One that takes longer
// is held up by a reader of its output, whom nobody else is to wait for: who looks next finds its folder.
const patienceMs = 3000;

/** Waits for the ends of all that has joined a container, which has ended, and takes away what they leave. Idempotent. */
export async function clearExecFolders(parent: string, containerId: string): Promise<void> {
  for (let waited = 0; waited < patienceMs; waited += 5) {
    if (!sweep(parent).some((name) => name.startsWith(prefixOf(containerId)))) return;
    await sleep(5);
  }
}

/** Removes the folders that nobody holds; answers the names of the others. */
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

/** One that was not locked yet, or is being removed by another. */
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
