import { closeSync, openSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonValue } from '../errors/index.ts';
import { errnoOf } from '../sys/errno.ts';
import { monotonicMs } from '../sys/monotonic.ts';
import type { Database } from './database.ts';
import { VersionedJson } from './versioned-json.ts';

/** Docker's types of events. */
export type EventType = 'image' | 'container' | 'builder' | 'network' | 'volume' | 'daemon';

/** An event to be recorded. */
export interface NewEvent {
  readonly type: EventType;
  /** Docker's name of the action: `create`, `die`, `exec_start: ls /`. */
  readonly action: string;
  /** ID of the object concerned, or its name where there is no ID. */
  readonly actor: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Milliseconds since 1970, for an end that was detected later; default now. */
  readonly time?: number | undefined;
}

/** A recorded event. */
export interface EventRecord extends Omit<NewEvent, 'time'> {
  /** Grows with every event of the store, and is never reused. */
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

// Limits of what is kept, which are checked after every so many new events.
const maxEvents = 10_000;
const maxAgeMs = 7 * 24 * 3600 * 1000;
const trimEvery = 64;
// More numbers than a power cut can take: at most so many events are unflushed.
const skippedAfterPowerCut = 1_000_000;

const details = new VersionedJson<Details>('event');

/**
 * The events of a store. An event is written in the same transaction as the change it reports, so neither exists
 * without the other. Followers watch one file, which is touched after such a transaction.
 */
export class Events {
  readonly #db: Database;
  readonly #file: string;
  readonly #boot: string;
  readonly #clock = new FineClock();
  #hasNewEvents = false;

  /** `boot` is the ID of the machine's current boot. */
  constructor(db: Database, locksDirectory: string, boot: string) {
    this.#db = db;
    this.#boot = boot;
    this.#file = join(locksDirectory, 'events');
  }

  /** Path of the file that followers watch; it exists once an event was written. */
  get file(): string {
    return this.#file;
  }

  /** Records an event, as a part of the caller's transaction. */
  add({ type, action, actor, attributes, time }: NewEvent): void {
    this.#hasNewEvents = true;
    const at = time === undefined ? this.#clock.now() : Math.round(time * 1000);
    const { sequence } = this.#db
      .statement<{ sequence: number }>(
        'INSERT INTO event (time, type, action, actor, details) VALUES (?, ?, ?, ?, ?) RETURNING sequence',
      )
      .get(at, type, action, actor, JSON.stringify(details.write({ attributes }))) ?? { sequence: 0 };
    if (sequence % trimEvery === 0) this.#trim();
  }

  /**
   * Skips sequence numbers, once after each boot, as a part of the caller's transaction. A follower may have seen
   * events that a power cut has taken, and resumes from their last number.
   */
  skipLost(): void {
    this.#db.statement("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'event'").run(skippedAfterPowerCut);
  }

  #trim(): void {
    this.#db
      .statement(
        `DELETE FROM event WHERE sequence <= (SELECT sequence FROM event ORDER BY sequence DESC LIMIT 1 OFFSET ?)`,
      )
      .run(maxEvents);
    // Removes what precedes the first recent event. Sequence decides: an end detected late is a new event with an old
    // time.
    this.#db
      .statement(
        `DELETE FROM event WHERE sequence < (SELECT sequence FROM event WHERE +time >= ? ORDER BY sequence LIMIT 1)`,
      )
      .run((Date.now() - maxAgeMs) * 1000);
  }

  /** Returns the sequence number of the newest event; 0 before the first. */
  newest(): number {
    const { sequence } =
      this.#db.statement<{ sequence: number | null }>('SELECT max(sequence) AS sequence FROM event').get() ?? {};
    return sequence ?? 0;
  }

  /** Returns the highest number that a follower may have seen, including events lost in a power cut since. */
  highest(): number {
    const { seq = 0 } =
      this.#db.statement<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'event'").get() ?? {};
    const { value } = this.#db.statement<{ value: string }>("SELECT value FROM state WHERE name = 'boot'").get() ?? {};
    // Nothing was written since the machine started: the first write will skip the lost numbers.
    return value === undefined || value === this.#boot ? seq : seq + skippedAfterPowerCut;
  }

  /** Returns the sequence number of the last event before a time (microseconds). */
  lastBefore(time: number): number {
    const { sequence } =
      this.#db
        .statement<{ sequence: number | null }>('SELECT min(sequence) AS sequence FROM event WHERE time >= ?')
        .get(time) ?? {};
    return sequence === null || sequence === undefined ? this.newest() : sequence - 1;
  }

  /** Returns the events after that number, in order; at most `limit`. */
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

  /** Wakes followers, in this process and others, if events were written. Called after each transaction. */
  notifyFollowers(): void {
    if (!this.#hasNewEvents) return;
    this.#hasNewEvents = false;
    try {
      touch(this.#file);
    } catch (error) {
      // Followers also poll at long intervals.
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

// Usual difference between the wall clock and the monotonic one, which are not read at the same instant.
const differenceMs = 10;

/** A wall clock of microseconds, so that the events of one command have different times. */
class FineClock {
  #startMs = Date.now() - monotonicMs();

  /** Microseconds since 1970. */
  now(): number {
    const [fineMs, clockMs] = [this.#startMs + monotonicMs(), Date.now()];
    const difference = clockMs - fineMs;
    if (Math.abs(difference) <= differenceMs) return Math.round(fineMs * 1000);
    // The wall clock was set, or the machine slept: the monotonic clock does not show either.
    this.#startMs += difference;
    return clockMs * 1000;
  }
}
