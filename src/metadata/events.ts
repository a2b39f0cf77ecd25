import { closeSync, openSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonValue } from '../errors/index.ts';
import { errnoOf } from '../sys/errno.ts';
import { monotonicMs } from '../sys/monotonic.ts';
import type { Database } from './database.ts';
import { VersionedJson } from './versioned-json.ts';

/** Docker's types of events. */
export type EventType = 'image' | 'container' | 'builder' | 'network' | 'volume' | 'daemon';

export interface NewEvent {
  readonly type: EventType;
  /** As docker names it: `create`, `die`, `exec_start: ls /`. */
  readonly action: string;
  /** The ID of what it happened to; a name where there is no ID. */
  readonly actor: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Milliseconds since 1970 of an end that was found later; default now. */
  readonly time?: number | undefined;
}

export interface EventRecord extends Omit<NewEvent, 'time'> {
  /** Grows with every event of the store, and is never used again. */
  readonly sequence: number;
  /** Microseconds since 1970. */
  readonly time: number;
}

interface Row {
  readonly sequence: number;
  readonly time: number;
  readonly type: EventType;
  readonly action: string;
  readonly actor: string;
  readonly details: string;
}

interface Details {
  readonly attributes: Readonly<Record<string, string>>;
}

/** Older ones are forgotten. */
const most = 10_000;
const longestMs = 7 * 24 * 3600 * 1000;
// How often old ones are looked for.
const every = 64;
// More than anybody could have seen of those that were not flushed.
const lostInACut = 1_000_000;

const details = new VersionedJson<Details>('event');

/**
 * What happens in a store. An event is written in the transaction of the change it tells of, so that there is neither
 * without the other. Followers watch one file, which is touched behind such a transaction.
 */
export class Events {
  readonly #db: Database;
  readonly #file: string;
  readonly #boot: string;
  readonly #clock = new FineClock();
  #hasNews = false;

  /** `boot` is the machine's, of now. */
  constructor(db: Database, locksDirectory: string, boot: string) {
    this.#db = db;
    this.#boot = boot;
    this.#file = join(locksDirectory, 'events');
  }

  /** The file that followers watch; it is there once something happened. */
  get file(): string {
    return this.#file;
  }

  /** Writes an event down, in a transaction of the caller's. */
  add({ type, action, actor, attributes, time }: NewEvent): void {
    this.#hasNews = true;
    const at = time === undefined ? this.#clock.now() : Math.round(time * 1000);
    const { sequence } = this.#db
      .statement<{ sequence: number }>(
        'INSERT INTO event (time, type, action, actor, details) VALUES (?, ?, ?, ?, ?) RETURNING sequence',
      )
      .get(at, type, action, actor, JSON.stringify(details.write({ attributes }))) ?? { sequence: 0 };
    if (sequence % every === 0) this.#trim();
  }

  /**
   * To be called once after each start of the machine, in a transaction of the caller's: a follower may have seen events
   * that the power took, and comes back with the number of the last.
   */
  skipLost(): void {
    this.#db.statement("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'event'").run(lostInACut);
  }

  #trim(): void {
    this.#db
      .statement(
        `DELETE FROM event WHERE sequence <= (SELECT sequence FROM event ORDER BY sequence DESC LIMIT 1 OFFSET ?)`,
      )
      .run(most);
    // What is older than the oldest that stays: an end that is found late is new, whatever its time.
    this.#db
      .statement(
        `DELETE FROM event WHERE sequence < (SELECT sequence FROM event WHERE +time >= ? ORDER BY sequence LIMIT 1)`,
      )
      .run((Date.now() - longestMs) * 1000);
  }

  /** Returns the sequence number of the newest event; 0 before the first. */
  newest(): number {
    const { sequence } =
      this.#db.statement<{ sequence: number | null }>('SELECT max(sequence) AS sequence FROM event').get() ?? {};
    return sequence ?? 0;
  }

  /** Returns the highest number that somebody may have seen, also of an event that a power cut has taken since. */
  highest(): number {
    const { seq = 0 } =
      this.#db.statement<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'event'").get() ?? {};
    const { value } = this.#db.statement<{ value: string }>("SELECT value FROM state WHERE name = 'boot'").get() ?? {};
    // Nothing was written since the machine started: what was lost is skipped by the first that is.
    return value === undefined || value === this.#boot ? seq : seq + lostInACut;
  }

  /** Returns the sequence number of the last event before a time (microseconds). */
  lastBefore(time: number): number {
    const { sequence } =
      this.#db
        .statement<{ sequence: number | null }>('SELECT min(sequence) AS sequence FROM event WHERE time >= ?')
        .get(time) ?? {};
    return sequence === null || sequence === undefined ? this.newest() : sequence - 1;
  }

  /** Returns events behind that number, at most `limit`, in their order. */
  after(sequence: number, limit: number): EventRecord[] {
    return this.#db
      .statement<Row>(
        'SELECT sequence, time, type, action, actor, details FROM event WHERE sequence > ? ORDER BY sequence LIMIT ?',
      )
      .all(sequence, limit)
      .map(({ details: text, ...row }) => ({
        ...row,
        attributes: details.read(JSON.parse(text) as JsonValue).attributes ?? {},
      }));
  }

  /** Wakes followers, in this process and others, if events were written since. Called behind each transaction. */
  tell(): void {
    if (!this.#hasNews) return;
    this.#hasNews = false;
    try {
      touch(this.#file);
    } catch (error) {
      // Followers look by themselves now and then.
      if (errnoOf(error) === undefined) throw error;
    }
  }
}

function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    closeSync(openSync(path, 'a', 0o600));
  }
}

// Between the clock of milliseconds and the fine one, which are not read at the same moment.
const differenceMs = 10;

/** Finer than milliseconds, so that events of one command differ. */
class FineClock {
  #startMs = Date.now() - monotonicMs();

  /** Microseconds since 1970. */
  now(): number {
    const [fineMs, clockMs] = [this.#startMs + monotonicMs(), Date.now()];
    const difference = clockMs - fineMs;
    // The clock was set, or the machine slept, of which the other knows nothing.
    if (Math.abs(difference) <= differenceMs) return Math.round(fineMs * 1000);
    this.#startMs += difference;
    return clockMs * 1000;
  }
}
