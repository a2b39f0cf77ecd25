import { invalidOption } from '../../errors/option.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { EventRecord, EventType } from '../../metadata/events.ts';
import type { Store } from '../../store/store.ts';
import { FileChanges } from '../../sys/file-changes.ts';

export interface EventsOptions extends AbortOptions {
  /**
   * Events from then on, or those behind one of this sequence number (0: all that are kept); default those from now on. A
   * number that the store has not come to is refused: it is of another store, or of one that was made anew.
   */
  readonly since?: Date | number;
  /** Ends with the last event before then; a time that is past ends the stream at once. */
  readonly until?: Date;
}

/** Something that happened in the store, as docker reports it. */
export interface StoreEvent {
  /** Grows with every event of the store, and is never used again: where a follower goes on after a break. */
  readonly sequence: number;
  readonly time: Date;
  /** Microseconds since 1970. */
  readonly timeMicroseconds: number;
  readonly type: EventType;
  /** As docker names it: `create`, `die`, `exec_start: ls /`. */
  readonly action: string;
  readonly actor: {
    /** An ID; a name where there is none. */
    readonly id: string;
    readonly attributes: Readonly<Record<string, string>>;
  };
}

const batch = 256;
// Somebody may be killed between an event and the word of it.
const lookMs = 30_000;

/**
 * Yields what happens in the store, whichever process does it, until the signal or `until` ends it. Throws
 * ERR_OPTION_INVALID.
 */
export async function* followEvents(store: Store, options: EventsOptions): AsyncGenerator<StoreEvent, void> {
  const { events } = store.metadata;
  const until = endOf(options);
  // From here on nothing is missed.
  using news = new FileChanges(events.file);
  using clock = lookingNowAndThen(news, until);
  for (let sequence = startOf(store, options); ; ) {
    options.signal?.throwIfAborted();
    const found = events.after(sequence, batch);
    for (const event of found) {
      sequence = event.sequence;
      // What is behind it may have happened before: an end is found when somebody looks.
      if (until === undefined || event.time < until * 1000) yield shown(event);
    }
    if (found.length === batch) continue;
    if (until !== undefined && Date.now() >= until) return;
    clock.start();
    await news.next(options).finally(() => clock.stop());
  }
}

function startOf({ metadata: { events } }: Store, { since }: EventsOptions): number {
  if (since === undefined) return events.newest();
  if (isTime(since)) return events.lastBefore(since.getTime() * 1000);
  // Behind a number that never was nothing would come, maybe for ever, and what comes meanwhile would be left out.
  if (typeof since === 'number' && Number.isInteger(since) && since >= 0 && since <= events.highest()) return since;
  throw invalidOption(
    'since',
    since,
    `a Date, or the sequence number of an event; the last one of this store is ${events.newest()}`,
  );
}

function endOf({ until }: EventsOptions): number | undefined {
  if (until === undefined || isTime(until)) return until?.getTime();
  throw invalidOption('until', until, 'a Date');
}

const isTime = (value: unknown): value is Date => value instanceof Date && !Number.isNaN(value.getTime());

/**
 * Has the follower look at its end, and now and then. Between `start` and `stop` it keeps the program alive, which nothing
 * else does for one that only follows; in the hands of its reader it does not.
 */
function lookingNowAndThen(news: FileChanges, until: number | undefined): Disposable & { start(): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    // Anew each time: what is left until the end is less with each event.
    const due = until === undefined ? lookMs : Math.min(lookMs, Math.max(0, until - Date.now()));
    timer = setTimeout(() => news.notify(), due);
  };
  const stop = (): void => clearTimeout(timer);
  return { start, stop, [Symbol.dispose]: stop };
}

const shown = ({ sequence, time, type, action, actor, attributes }: EventRecord): StoreEvent => ({
  sequence,
  time: new Date(time / 1000),
  timeMicroseconds: time,
  type,
  action,
  actor: { id: actor, attributes },
});
