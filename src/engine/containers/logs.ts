import { isActive } from '../../containers/state.ts';
import { keepsLog } from '../../containers/supervised/log-config.ts';
import { type LogEntry, readLog } from '../../containers/supervised/log-file.ts';
import { StrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { compareInstants, type Instant, parseInstant } from '../../query/timestamp.ts';
import { lookUp } from './look-up.ts';
import { type ContainerParts, logPathOf } from './parts.ts';
import { reconcileContainer } from './reconcile.ts';
import { definitionOf, stateOf } from './state.ts';

export interface LogsOptions extends AbortOptions {
  /** Go on until the container ends or is removed. */
  readonly follow?: boolean | undefined;
  /** Only so many of the last lines; looked at before `since` and `until`, as docker does. */
  readonly tail?: number | undefined;
  /** From and up to this time: a Go duration ago, an RFC 3339 time or Unix seconds. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** What a container has written so far, in order. Throws ERR_CONTAINER_NOT_FOUND, ERR_TIME_INVALID, ERR_LOG_NOT_KEPT. */
export async function* containerLogs(
  parts: ContainerParts,
  name: string,
  { follow = false, tail, since, until, signal }: LogsOptions = {},
): AsyncGenerator<LogEntry> {
  const now = instantOf(Date.now());
  const first = since === undefined ? undefined : parseInstant(since, { now });
  const last = until === undefined ? undefined : parseInstant(until, { now });
  const record = await lookUp(parts, name, { signal });
  const { id } = record;
  if (!keepsLog(definitionOf(record).host.LogConfig)) throw logNotKept();
  const goesOn = async (): Promise<boolean> => {
    if (last !== undefined && compareInstants(instantOf(Date.now()), last) > 0) return false;
    const now = await reconcileContainer(parts, id, { signal });
    return now !== undefined && isActive(stateOf(now));
  };
  const entries = readLog(logPathOf(parts.layout, id), { signal, tail, goesOn: follow ? goesOn : undefined });
  for await (const entry of entries) {
    if (first === undefined && last === undefined) yield entry;
    else {
      const time = parseInstant(entry.time, { now });
      if (last !== undefined && compareInstants(time, last) > 0) return;
      if (first === undefined || compareInstants(time, first) >= 0) yield entry;
    }
  }
}

const logNotKept = (): StrataError =>
  new StrataError({
    kind: 'unsupported',
    code: 'ERR_LOG_NOT_KEPT',
    message: 'configured logging driver does not support reading',
    hint: "It was made with '--log-driver none'; 'strata attach' shows what it writes from now on.",
  });

const instantOf = (milliseconds: number): Instant => ({
  seconds: Math.floor(milliseconds / 1000),
  nanoseconds: (milliseconds % 1000) * 1_000_000,
});
