import { constants, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { AbortOptions } from '../lib/abort.ts';
import { displayBytes } from '../lib/bytes.ts';
import { yieldToEventLoop } from '../lib/yield-to-event-loop.ts';
import { AT_FDCWD } from '../sys/constants.ts';
import type { DirectoryEntry } from '../sys/directory-listing.ts';
import { errnoOf } from '../sys/errno.ts';
import { closeFd, openAt, rmdirAt } from '../sys/fs-at.ts';
import { listFd } from '../sys/list-at.ts';
import { removeTreeAt } from '../sys/remove-tree.ts';

// Down to this depth trees are removed entry by entry, with an open descriptor a level; deeper ones without a pause.
const gradualDepth = 32;
const turnMs = 4;

/**
 * Deletes the contents of the trash folder, and yields to other work every few milliseconds. An entry with a mount
 * below it stays, because deleting it would empty the mounted filesystem. Goes on after an entry that cannot be
 * deleted, and returns a sentence about each, for people. Safe beside other processes that do the same.
 */
export async function emptyTrash(directory: string, { signal }: AbortOptions = {}): Promise<readonly string[]> {
  signal?.throwIfAborted();
  const fd = openAt(AT_FDCWD, directory, constants.O_RDONLY | constants.O_DIRECTORY);
  const stuck: string[] = [];
  try {
    const removal = new GradualRemoval(signal);
    for (const entry of listDeletable(fd, directory)) {
      try {
        await removal.remove(fd, entry, 1);
      } catch (error) {
        if (signal?.aborted === true) throw error;
        stuck.push(describeFailure(join(directory, displayBytes(entry.name)), error));
      }
    }
  } finally {
    closeFd(fd);
  }
  return stuck;
}

/** Returns the names of the entries that {@link emptyTrash} would delete. */
export function namesInTrash(directory: string): string[] {
  const fd = openAt(AT_FDCWD, directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return listDeletable(fd, directory).map(({ name }) => displayBytes(name));
  } finally {
    closeFd(fd);
  }
}

function describeFailure(path: string, error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  // A privileged container can mark its files immutable.
  const cure =
    errnoOf(error) === 'EPERM' ? '; if something in it is immutable (`lsattr -Ra`), `chattr -R -i` helps' : '';
  return `trash ${path} cannot be deleted: ${why}${cure}`;
}

function listDeletable(fd: number, directory: string): DirectoryEntry[] {
  const entries = [...listFd(fd)];
  if (entries.length === 0) return entries;
  const mounted = mountPointsBelow(realpathSync(directory));
  return entries.filter(({ name }) => !mounted.has(displayBytes(name)));
}

class GradualRemoval {
  readonly #signal: AbortSignal | undefined;
  #turnEnd = Date.now() + turnMs;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  async remove(dirFd: number, { name, type }: DirectoryEntry, depth: number): Promise<void> {
    if (Date.now() > this.#turnEnd) {
      await yieldToEventLoop();
      this.#signal?.throwIfAborted();
      this.#turnEnd = Date.now() + turnMs;
    }
    try {
      if (type === 'directory' && depth < gradualDepth) await this.#empty(dirFd, name, depth);
      else removeTreeAt(dirFd, name);
    } catch (error) {
      // Another process may be emptying the same trash.
      if (!['ENOENT', 'ENOTEMPTY'].includes(errnoOf(error) ?? '')) throw error;
    }
  }

  async #empty(dirFd: number, name: Uint8Array, depth: number): Promise<void> {
    let fd: number;
    try {
      fd = openAt(dirFd, name, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    } catch (error) {
      if (errnoOf(error) !== 'EACCES') throw error;
      return removeTreeAt(dirFd, name);
    }
    try {
      for (const entry of listFd(fd)) await this.remove(fd, entry, depth + 1);
    } finally {
      closeFd(fd);
    }
    rmdirAt(dirFd, name);
  }
}

/** Returns the names in `directory` at or below which something is mounted; see proc_pid_mountinfo(5). */
function mountPointsBelow(directory: string): ReadonlySet<string> {
  const escaped = directory.replace(/[ \t\n\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${escaped}/`));
  return new Set(points.map((point) => point.slice(escaped.length + 1).split('/')[0] ?? ''));
}
