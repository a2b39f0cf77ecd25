import { setImmediate } from 'node:timers/promises';
import { O_DIRECTORY, O_PATH } from '../../sys/constants.ts';
import { closeFd, openAt } from '../../sys/fs-at.ts';
import { fileHelper } from './file-helper.ts';
import { type FileJob, runFileJob } from './file-jobs.ts';

/** A file in a lane. */
export interface LaneItem {
  readonly name: Uint8Array;
  /** Name of its directory, unique in this lane. Descriptors are no names: closed ones are reused. */
  readonly folder: string;
}

interface Batch<Item extends LaneItem> {
  readonly folder: string;
  readonly dirFd: number;
  readonly toFd: number | undefined;
  readonly items: Item[];
}

export interface FileLaneOptions<Item extends LaneItem> {
  readonly jobOf: (items: readonly Item[], dirFd: number, toFd: number | undefined) => FileJob;
  /** Receives a result; `dirFd` is the item's directory. An error of it ends the work. */
  readonly done: (item: Item, result: string, dirFd: number) => void | Promise<void>;
  readonly signal: AbortSignal;
}

// Files in one message: a few milliseconds of work.
const maxFiles = 256;
// Each takes two descriptors, here and in each message of the helper: a process may be limited to 1024 in all.
const maxFolders = 24;

/**
 * Collects files into jobs by directory, which the helper does or, when it is busy, this thread. To be drained at the
 * end, and disposed of: no work goes on afterwards.
 */
export class FileLane<Item extends LaneItem> implements AsyncDisposable {
  readonly #options: FileLaneOptions<Item>;
  #batches: Batch<Item>[] = [];
  #count = 0;
  readonly #flying = new Set<Promise<void>>();

  constructor(options: FileLaneOptions<Item>) {
    this.#options = options;
  }

  /**
   * Adds a file. Descriptors need to be open during the call only. Throws what `done` threw, and the signal's reason.
   */
  async add(item: Item, dirFd: number, toFd?: number): Promise<void> {
    this.#batchFor(item.folder, dirFd, toFd).items.push(item);
    if (++this.#count >= maxFiles || this.#batches.length >= maxFolders) await this.#send();
  }

  /** Waits for all added files. */
  async drain(): Promise<void> {
    await this.#send();
    await Promise.all(this.#flying);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#flying);
    close(this.#batches.splice(0));
  }

  #batchFor(folder: string, dirFd: number, toFd: number | undefined): Batch<Item> {
    const last = this.#batches.at(-1);
    if (last?.folder === folder) return last;
    const from = reopenDirectory(dirFd);
    try {
      const batch = { folder, dirFd: from, toFd: toFd === undefined ? undefined : reopenDirectory(toFd), items: [] };
      this.#batches.push(batch);
      return batch;
    } catch (error) {
      closeFd(from);
      throw error;
    }
  }

  async #send(): Promise<void> {
    if (this.#count === 0) return;
    const batches = this.#batches;
    this.#batches = [];
    this.#count = 0;
    const { signal, jobOf } = this.#options;
    if (signal.aborted) close(batches);
    signal.throwIfAborted();
    const jobs = batches.map(({ items, dirFd, toFd }) => jobOf(items, dirFd, toFd));
    const response = fileHelper.offer(jobs);
    if (response === undefined) await this.#finish(batches, jobs.map(runFileJob));
    else this.#follow(batches, response);
    // Lets results of the helper in.
    await setImmediate();
  }

  #follow(batches: readonly Batch<Item>[], response: Promise<string[][] | undefined>): void {
    const flight = response.then((results) => this.#finish(batches, results ?? []));
    this.#flying.add(flight);
    flight.then(
      () => this.#flying.delete(flight),
      // A failed one stays, for `drain` to throw.
      () => undefined,
    );
  }

  async #finish(batches: readonly Batch<Item>[], results: readonly (readonly string[])[]): Promise<void> {
    try {
      for (const [at, { items, dirFd }] of batches.entries()) {
        for (const [index, item] of items.entries()) {
          const taken = this.#options.done(item, results[at]?.[index] ?? '', dirFd);
          if (taken !== undefined) await taken;
        }
      }
    } finally {
      close(batches);
    }
  }
}

const reopenDirectory = (fd: number): number => openAt(fd, '.', O_PATH | O_DIRECTORY);

function close(batches: readonly Batch<LaneItem>[]): void {
  for (const { dirFd, toFd } of batches) {
    closeFd(dirFd);
    if (toFd !== undefined) closeFd(toFd);
  }
}
