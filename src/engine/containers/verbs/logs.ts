import { keepsLog } from '../../../containers/supervised/log-config.ts';
import { type LogEntry, readLog } from '../../../containers/supervised/read-log.ts';
import { StrataError } from '../../../errors/index.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import { compareInstants, type Instant, instantOf, parseInstant } from '../../../query/instant.ts';
import type { Store } from '../../../store/store.ts';
import { findReconciled } from '../state/find-reconciled.ts';
import { logPathOf } from '../state/locations.ts';
import { definitionOf } from '../state/state.ts';
import { waitUntilInactive } from '../state/wait-until.ts';

/** Options of `containers.logs`. */
export interface LogsOptions extends AbortOptions {
  /** Continues until the container ends or is removed. */
  readonly follow?: boolean | undefined;
  /** Number of lines from the end. Applied before `since` and `until`, as docker does. */
  readonly tail?: number | undefined;
  /** First time to include: a Go duration before now (`10m`), an RFC 3339 time or Unix seconds. */
  readonly since?: string | undefined;
  /** Last time to include, in the same forms. */
  readonly until?: string | undefined;
}

/**
 * Yields the log of a container in order, several entries at a time. Throws ERR_CONTAINER_NOT_FOUND, ERR_TIME_INVALID,
 * ERR_LOG_NOT_KEPT.
 */
export async function* containerLogs(
  store: Store,
  name: string,
  { follow = false, tail, since, until, signal }: LogsOptions = {},
): AsyncGenerator<readonly LogEntry[]> {
  const now = instantOf(Date.now());
  const first = since === undefined ? undefined : parseInstant(since, { now });
  const last = until === undefined ? undefined : parseInstant(until, { now });
  const record = await findReconciled(store, name, { signal });
  const { id } = record;
  if (!keepsLog(definitionOf(record).host.LogConfig)) throw logNotKept();
  const closing = new AbortController();
  const end = follow
    ? waitUntilInactive(store, id, { signal: anyOf(closing.signal, signal, atTime(last)) })
    : undefined;
  try {
    yield* filterByTime(readLog(logPathOf(store.layout, id), { signal, tail, end }), { first, last });
  } finally {
    closing.abort();
    await end?.catch(() => undefined);
  }
}

const anyOf = (...signals: readonly (AbortSignal | undefined)[]): AbortSignal =>
  AbortSignal.any(signals.filter((signal) => signal !== undefined));

// Limit of timers, 24 days.
const longestMs = 2 ** 31 - 1;

function atTime(time: Instant | undefined): AbortSignal | undefined {
  if (time === undefined) return undefined;
  const milliseconds = time.seconds * 1000 + time.nanoseconds / 1_000_000 - Date.now();
  return AbortSignal.timeout(Math.min(Math.max(Math.ceil(milliseconds), 0), longestMs));
}

interface Span {
  readonly first: Instant | undefined;
  readonly last: Instant | undefined;
}

async function* filterByTime(
  batches: AsyncGenerator<readonly LogEntry[]>,
  { first, last }: Span,
): AsyncGenerator<readonly LogEntry[]> {
  if (first === undefined && last === undefined) return yield* batches;
  const times = new LineTimes();
  for await (const entries of batches) {
    const dated = entries.map((entry) => ({ entry, time: times.read(entry.time) }));
    const end = dated.findIndex(({ time }) => last !== undefined && compareInstants(time, last) > 0);
    const wanted = (end < 0 ? dated : dated.slice(0, end)).filter(
      ({ time }) => first === undefined || compareInstants(time, first) >= 0,
    );
    if (wanted.length > 0) yield wanted.map(({ entry }) => entry);
    if (end >= 0) return;
  }
}

/** Parses the times of lines. Caches the second, which many lines share. */
class LineTimes {
  #second: string | undefined;
  #seconds = 0;

  /** Throws ERR_TIME_INVALID. */
  read(time: string): Instant {
    const [, second = time, fraction = '', zone = ''] = /^(.{19})(?:\.(\d{1,9}))?(.*)$/.exec(time) ?? [];
    if (second + zone !== this.#second) {
      this.#seconds = parseInstant(second + zone, { now: { seconds: 0, nanoseconds: 0 } }).seconds;
      this.#second = second + zone;
    }
    return { seconds: this.#seconds, nanoseconds: Number(fraction.padEnd(9, '0')) };
  }
}

const logNotKept = (): StrataError =>
  new StrataError({
    code: 'ERR_LOG_NOT_KEPT',
    message: 'configured logging driver does not support reading',
    hint: 'It was created with the logging driver none. Attach to it to see its output from now on.',
  });
