import { closeFd } from '../../sys/fs-at.ts';
import { pause } from '../../sys/pause.ts';
import { readCoarseClock } from '../../sys/read-coarse-clock.ts';
import type { FileStat } from '../../sys/stat.ts';
import { FileLane, type LaneItem } from '../work/file-lane.ts';
import type { ContextEntry } from './build-context.ts';
import { expectUnchanged } from './context-changed.ts';
import type { DigestCache } from './digest-cache.ts';
import { fileDigest, openForReading, smallFileBytes, smallFileDigest } from './file-digest.ts';

/** A file of the context, and the receiver of its digest. */
export interface DigestedFile {
  readonly entry: ContextEntry;
  /** Path in the context, and the stamp that shows changes. */
  readonly path: string;
  readonly stamp: string;
  readonly take: (digest: string) => void;
}

type Item = DigestedFile & LaneItem & { readonly stat: FileStat };

// Fewer files are read before a second thread has started.
const fewFiles = 1000;

/** Computes digests of many files in two threads, or takes them from the cache. To be drained, and disposed of. */
export class FileDigests implements AsyncDisposable {
  readonly #cache: DigestCache | undefined;
  readonly #signal: AbortSignal;
  readonly #lane: FileLane<Item>;
  #count = 0;

  constructor(cache: DigestCache | undefined, signal: AbortSignal) {
    this.#cache = cache;
    this.#signal = signal;
    this.#lane = new FileLane({
      jobOf: (items, dirFd) => ({
        kind: 'digest',
        dirFd,
        names: items.map(({ name }) => name),
        sizes: items.map(({ stat }) => stat.size),
      }),
      done: (item, digest, dirFd) => (digest === '' ? this.#read(item, dirFd) : this.#take(item, digest)),
      signal,
    });
  }

  /** Passes the file's digest to `take`, at once or before {@link drain} ends. Throws ERR_CONTEXT_CHANGED. */
  async add(file: DigestedFile): Promise<void> {
    const known = this.#cache?.find(file.path, file.stamp);
    if (known !== undefined) return file.take(known);
    const { stat, dirFd, name } = file.entry;
    await waitUntilTraceable(stat, this.#signal);
    const item = { ...file, stat, name, folder: file.path.slice(0, file.path.lastIndexOf('/') + 1) };
    if (++this.#count > fewFiles && stat.size <= smallFileBytes) return await this.#lane.add(item, dirFd);
    return await this.#read(item, dirFd);
  }

  async drain(): Promise<void> {
    await this.#lane.drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lane[Symbol.asyncDispose]();
  }

  async #read(item: Item, dirFd: number): Promise<void> {
    const { name, stat, entry } = item;
    const digest = expectUnchanged(entry.path, () => smallFileDigest(dirFd, name, stat.size));
    if (digest !== undefined) return this.#take(item, digest);
    const fd = expectUnchanged(entry.path, () => openForReading(dirFd, name));
    try {
      this.#take(item, await fileDigest(fd, this.#signal));
    } finally {
      closeFd(fd);
    }
  }

  #take({ path, stamp, stat, take }: Item, digest: string): void {
    this.#cache?.put(path, stamp, digest, stat);
    take(digest);
  }
}

/** Waits until the clock is past the file's last change: a later one then shows in its times. */
export async function waitUntilTraceable({ type, ctime }: FileStat, signal: AbortSignal): Promise<void> {
  while (type !== 'directory') {
    const now = readCoarseClock();
    const ahead = (ctime.seconds - now.seconds) * 1000 + (ctime.nanoseconds - now.nanoseconds) / 1e6;
    // A time far ahead comes from another machine's clock.
    if (ahead < 0 || ahead > 1000) return;
    await pause(1, { signal });
  }
}
