import { StrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { EventRecord, EventType } from '../../metadata/events.ts';
import type { Store } from '../../store/store.ts';
import { FileNews } from '../../sys/file-news.ts';

export interface EventsOptions extends AbortOptions {
  /** Events from then on, or those behind one of this sequence number; default those from now on. */
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
 * ERR_EVENTS_SINCE for what is no time and no number.
 */
export async function* followEvents(store: Store, options: EventsOptions): AsyncGenerator<StoreEvent, void> {
  const { events } = store.metadata;
  const until = options.until?.getTime();
  // From here on nothing is missed.
  using news = new FileNews(events.file);
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
  const number = typeof since === 'number' ? since : since.getTime() * 1000;
  if (!Number.isFinite(number)) {
    throw new StrataError({
      code: 'ERR_EVENTS_SINCE',
      message: `events since ${String(since)}: neither a time nor a sequence number`,
      hint: 'Give a Date, or the sequence number of the last event that was seen.',
    });
  }
  return typeof since === 'number' ? since : events.lastBefore(number);
}

/**
 * Has the follower look at its end, and now and then. Between `start` and `stop` it keeps the program alive, which nothing
 * else does for one that only follows; in the hands of its reader it does not.
 */
function lookingNowAndThen(news: FileNews, until: number | undefined): Disposable & { start(): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    // Anew each time: what is left until the end is less with each event.
    const due = until === undefined ? lookMs : Math.min(lookMs, Math.max(0, until - Date.now()));
    timer = setTimeout(() => news.tell(), due);
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
