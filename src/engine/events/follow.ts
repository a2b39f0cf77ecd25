import { invalidOption } from '../../errors/option.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { EventRecord, EventType } from '../../metadata/events.ts';
import type { Store } from '../../store/store.ts';
import { FileChanges } from '../../sys/file-changes.ts';

export interface EventsOptions extends AbortOptions {
  /**
   * Events from this time on, or those after this sequence number (0: all that are kept). Default: new events only. A number
   * that the store has not reached is refused: it is from another store, or from an older one under the same root.
   */
  readonly since?: Date | number;
  /** Ends with the last event before this time. With a past time the stream ends after the stored events. */
  readonly until?: Date;
}

/** An event of the store, as docker reports it. */
export interface StoreEvent {
  /** Grows with every event of the store and is never reused. Pass it as `since` to continue after a break. */
  readonly sequence: number;
  readonly time: Date;
  /** Microseconds since 1970. */
  readonly timeMicroseconds: number;
  readonly type: EventType;
  /** Docker's name for it: `create`, `die`, `exec_start: ls /`. */
  readonly action: string;
  readonly actor: {
    /** ID of the object; its name if it has no ID. */
    readonly id: string;
    readonly attributes: Readonly<Record<string, string>>;
  };
}

const batch = 256;
// A process may be killed between writing an event and touching the file that followers watch.
const pollMs = 30_000;

/** Yields the events of the store, of all processes, until the signal or `until` ends it. Throws ERR_OPTION_INVALID. */
export async function* followEvents(store: Store, options: EventsOptions): AsyncGenerator<StoreEvent, void> {
  const { events } = store.metadata;
  const until = endOf(options);
  // Before the first read, so that no later event is missed.
  using changes = new FileChanges(events.file);
  using clock = pollRegularly(changes, until);
  for (let sequence = startOf(store, options); ; ) {
    options.signal?.throwIfAborted();
    const found = events.after(sequence, batch);
    for (const event of found) {
      sequence = event.sequence;
      // Events after it may be older: a container's end is recorded when a command notices it.
      if (until === undefined || event.time < until * 1000) yield toStoreEvent(event);
    }
    if (found.length === batch) continue;
    if (until !== undefined && Date.now() >= until) return;
    clock.start();
    await changes.next(options).finally(() => clock.stop());
  }
}

function startOf({ metadata: { events } }: Store, { since }: EventsOptions): number {
  if (since === undefined) return events.newest();
  if (isTime(since)) return events.lastBefore(since.getTime() * 1000);
  // After a number that is not reached yet, new events would be left out, maybe for ever.
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
 * Wakes the follower at its end, and every half minute. Between `start` and `stop` the timer keeps the program alive, as
 * nothing else does for a program that only follows events.
 */
function pollRegularly(changes: FileChanges, until: number | undefined): Disposable & { start(): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    // Computed each time: the time left gets shorter with each event.
    const due = until === undefined ? pollMs : Math.min(pollMs, Math.max(0, until - Date.now()));
    timer = setTimeout(() => changes.notify(), due);
  };
  const stop = (): void => clearTimeout(timer);
  return { start, stop, [Symbol.dispose]: stop };
}

const toStoreEvent = ({ sequence, time, type, action, actor, attributes }: EventRecord): StoreEvent => ({
  sequence,
  time: new Date(time / 1000),
  timeMicroseconds: time,
  type,
  action,
  actor: { id: actor, attributes },
});
