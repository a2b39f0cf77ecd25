import { setImmediate } from 'node:timers/promises';
import { O_DIRECTORY, O_PATH } from '../../sys/constants.ts';
import { closeFd, openAt } from '../../sys/fs-at.ts';
import { fileHelper } from './file-helper.ts';
import { type FileJob, runFileJob } from './file-jobs.ts';

/** A file on its way: where it is, and what is known of it. */
export interface LaneItem {
  readonly name: Uint8Array;
  /** Names its directory, as no other one in this lane: descriptors are given again when they are closed. */
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
  /** Takes a result; `dirFd` is the item's directory. What it throws ends the work. */
  readonly done: (item: Item, result: string, dirFd: number) => void | Promise<void>;
  readonly signal: AbortSignal;
}

// As many files as one message carries: a few milliseconds of work.
const most = 256;
// Each is open twice, in this job and in those that the helper has: a process may be allowed 1024 descriptors in all.
const mostFolders = 24;

/**
 * Gathers files into jobs by directory, and has them done by the helper or, when that is busy, here. To be drained at
 * the end, and disposed of: nothing is worked on any more afterwards.
 */
export class FileLane<Item extends LaneItem> implements AsyncDisposable {
  readonly #options: FileLaneOptions<Item>;
  #batches: Batch<Item>[] = [];
  #count = 0;
  readonly #flying = new Set<Promise<void>>();

  constructor(options: FileLaneOptions<Item>) {
    this.#options = options;
  }

  /** Descriptors need to be open during the call only. Throws what `done` threw, and the signal's reason. */
  async add(item: Item, dirFd: number, toFd?: number): Promise<void> {
    this.#batchFor(item.folder, dirFd, toFd).items.push(item);
    if (++this.#count >= most || this.#batches.length >= mostFolders) await this.#send();
  }

  /** Waits for everything that was added. */
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
    const from = again(dirFd);
    try {
      const batch = { folder, dirFd: from, toFd: toFd === undefined ? undefined : again(toFd), items: [] };
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
    const answer = fileHelper.offer(jobs);
    if (answer === undefined) await this.#finish(batches, jobs.map(runFileJob));
    else this.#follow(batches, answer);
    // Lets answers in.
    await setImmediate();
  }

  #follow(batches: readonly Batch<Item>[], answer: Promise<string[][] | undefined>): void {
    const flight = answer.then((results) => this.#finish(batches, results ?? []));
    this.#flying.add(flight);
    flight.then(
      () => this.#flying.delete(flight),
      // It stays, for whoever drains.
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

const again = (fd: number): number => openAt(fd, '.', O_PATH | O_DIRECTORY);

function close(batches: readonly Batch<LaneItem>[]): void {
  for (const { dirFd, toFd } of batches) {
    closeFd(dirFd);
    if (toFd !== undefined) closeFd(toFd);
  }
}
