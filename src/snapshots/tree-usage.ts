import { setImmediate } from 'node:timers/promises';
import type { AbortOptions } from '../lib/abort.ts';
import { AT_FDCWD } from '../sys/constants.ts';
import type { DirectoryEntry } from '../sys/directory-listing.ts';
import { openAt } from '../sys/fs-at.ts';
import { ifThere, unreachable } from '../sys/if-there.ts';
import { LinkedNames } from '../sys/linked-names.ts';
import { listFd } from '../sys/list-at.ts';
import type { Name } from '../sys/scratch.ts';
import { FileStat, statAtIfThere, statFd } from '../sys/stat.ts';
import { DirectoryStack, directoryFlags } from './directory-stack.ts';
import type { SnapshotUsage } from './types.ts';

// Files counted before other work on this thread gets its turn.
const batch = 1000;

/**
 * Sums allocated blocks and inodes of a directory and all files below it, an inode with several names once. The tree
 * may change meanwhile: files that vanish are not counted. Never follows a symlink, whatever a container puts in place
 * of a directory. An abort rejects with the signal's reason.
 */
export async function treeUsage(directory: string, options: AbortOptions = {}): Promise<SnapshotUsage> {
  using directories = new DirectoryStack();
  const usage = new UsageSum();
  const lists: Iterator<DirectoryEntry>[] = [];
  const descend = (dirFd: number, name: Name): void => {
    const fd = openDirectory(dirFd, name);
    if (fd === undefined) return;
    directories.push(fd);
    usage.add(statFd(fd, usage.stat));
    lists.push(entriesOf(fd));
  };
  descend(AT_FDCWD, directory);
  for (let list = lists.at(-1), seen = 1; list; list = lists.at(-1), seen++) {
    if (seen % batch === 0) {
      await setImmediate();
      options.signal?.throwIfAborted();
    }
    const next = list.next();
    if (next.done) {
      lists.pop();
      directories.pop();
    } else if (next.value.type === 'directory') {
      descend(directories.top, next.value.name);
    } else if (statAtIfThere(directories.top, next.value.name, usage.stat)) {
      usage.add(usage.stat);
    }
  }
  return { sizeBytes: usage.sizeBytes, inodes: usage.inodes };
}

const noName = new Uint8Array(0);

class UsageSum {
  readonly #linked = new LinkedNames();
  /** Reused for every file. */
  readonly stat: FileStat = new FileStat();
  sizeBytes = 0;
  inodes = 0;

  add(stat: FileStat): void {
    if (stat.nlink > 1 && stat.type !== 'directory') {
      if (this.#linked.first(stat)) return;
      this.#linked.add(stat, noName);
    }
    this.sizeBytes += stat.blocks * 512;
    this.inodes++;
  }
}

/** Returns no entries when the directory was removed after it was opened. */
function entriesOf(fd: number): Iterator<DirectoryEntry> {
  return ifThere(() => listFd(fd).values()) ?? [].values();
}

/** Returns undefined when it is missing or no longer a directory. */
function openDirectory(dirFd: number, name: Name): number | undefined {
  return ifThere(() => openAt(dirFd, name, directoryFlags), unreachable);
}
