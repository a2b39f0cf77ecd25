import type { Command } from 'commander';
import type { LogEntry } from '../../engine/index.ts';
import { isStrataError, StrataError } from '../../errors/index.ts';
import { parseInstant } from '../../query/instant.ts';
import type { CliContext } from '../context.ts';

interface LogsFlags {
  readonly details?: boolean;
  readonly follow?: boolean;
  readonly since?: string;
  readonly tail: string;
  readonly timestamps?: boolean;
  readonly until?: string;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<container>', 'Name or ID of a container')
    .option('--details', 'Show extra details provided to logs (without effect: there are none)')
    .option('-f, --follow', 'Follow log output')
    .option(
      '--since <time>',
      'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    )
    .option('-n, --tail <number>', 'Number of lines to show from the end of the logs', 'all')
    .option('-t, --timestamps', 'Show timestamps')
    .option(
      '--until <time>',
      'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    )
    .action(async (name: string, flags: LogsFlags) => logs(context, name, flags));
}

async function logs(context: CliContext, name: string, flags: LogsFlags): Promise<void> {
  const { follow } = flags;
  const since = timeOf('since', flags.since);
  const until = timeOf('until', flags.until);
  // Any other value means all, as in docker.
  const tail = /^\d+$/.test(flags.tail) ? Number(flags.tail) : undefined;
  const { containers } = await context.engine();
  const prefixes = new Prefixes(flags);
  for await (const entries of containers.logBatches(name, { follow, tail, since, until, signal: context.signal })) {
    for (const { stream, bytes } of joinEntries(entries, prefixes)) {
      await (stream === 'stdout' ? context.outBytes(bytes) : context.errBytes(bytes));
    }
  }
}

interface Chunk {
  readonly stream: LogEntry['stream'];
  readonly bytes: Uint8Array;
}

/** Joins successive entries of a stream into one chunk: writing each line by itself takes ten times as long. */
function* joinEntries(entries: readonly LogEntry[], prefixes: Prefixes): Generator<Chunk> {
  let stream = entries[0]?.stream ?? 'stdout';
  let chunks: Uint8Array[] = [];
  for (const entry of entries) {
    if (entry.stream !== stream) {
      yield { stream, bytes: Buffer.concat(chunks) };
      chunks = [];
      stream = entry.stream;
    }
    const prefix = prefixes.before(entry);
    if (prefix !== '') chunks.push(Buffer.from(prefix));
    chunks.push(entry.bytes);
  }
  yield { stream, bytes: Buffer.concat(chunks) };
}

/** Formats the prefixes of lines. */
class Prefixes {
  readonly #timestamps: boolean;
  readonly #details: string;
  /** Streams whose last entry did not end its line. */
  readonly #within = new Set<string>();
  #last: { readonly second: string; readonly shown: string } | undefined;

  constructor({ timestamps, details }: LogsFlags) {
    this.#timestamps = timestamps === true;
    this.#details = details === true ? ' ' : '';
  }

  before({ time, stream, goesOn }: LogEntry): string {
    const isWithin = this.#within.has(stream);
    if (goesOn !== isWithin) {
      if (goesOn) this.#within.add(stream);
      else this.#within.delete(stream);
    }
    return isWithin ? '' : `${this.#timestamps ? `${this.#formatTime(time)} ` : ''}${this.#details}`;
  }

  /** Formats a time in UTC to the nanosecond, as docker does. The last second is cached: many lines share it. */
  #formatTime(time: string): string {
    const [, date = time, fraction = '', zone = ''] = /^(.{19})(?:\.(\d{1,9}))?(.*)$/.exec(time) ?? [];
    const second = date + zone;
    if (second !== this.#last?.second) {
      const whole = new Date(second);
      if (Number.isNaN(whole.getTime())) return time;
      this.#last = { second, shown: whole.toISOString().slice(0, 19) };
    }
    return `${this.#last.shown}.${fraction.padEnd(9, '0')}Z`;
  }
}

/** Checks a time before the container is looked up. Throws ERR_TIME_INVALID in docker's words. */
function timeOf(flag: 'since' | 'until', text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    parseInstant(text, { now: { seconds: 0, nanoseconds: 0 } });
    return text;
  } catch (error) {
    if (!isStrataError(error, 'ERR_TIME_INVALID')) throw error;
    throw new StrataError({
      code: 'ERR_TIME_INVALID',
      message: `invalid value for "${flag}": ${error.message}`,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}
