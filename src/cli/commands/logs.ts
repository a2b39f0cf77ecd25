import type { Command } from 'commander';
import { isStrataError, StrataError } from '../../errors/index.ts';
import { parseInstant } from '../../query/timestamp.ts';
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
    .argument('<container>', 'a name or ID')
    .option('--details', 'show what the log keeps of a line beside its text (nothing)')
    .option('-f, --follow', 'go on until the container ends')
    .option('--since <time>', 'from then on: 2024-01-02T13:23:37Z, or 42m for minutes ago')
    .option('-n, --tail <number>', 'only so many of the last lines', 'all')
    .option('-t, --timestamps', 'show when each line was written')
    .option('--until <time>', 'up to then: 2024-01-02T13:23:37Z, or 42m for minutes ago')
    .action(async (name: string, flags: LogsFlags) => logs(context, name, flags));
}

async function logs(context: CliContext, name: string, flags: LogsFlags): Promise<void> {
  const { follow } = flags;
  const since = timeOf('since', flags.since);
  const until = timeOf('until', flags.until);
  // As docker does, what is no number means all.
  const tail = /^\d+$/.test(flags.tail) ? Number(flags.tail) : undefined;
  const { containers } = await context.engine();
  // Streams whose last piece was not the end of its line: what is put before a line stands there already.
  const within = new Set<string>();
  for await (const entry of containers.logs(name, { follow, tail, since, until, signal: context.signal })) {
    const { time, stream, bytes, goesOn } = entry;
    const before = `${flags.timestamps === true ? `${shownTime(time)} ` : ''}${flags.details === true ? ' ' : ''}`;
    const prefix = within.has(stream) ? '' : before;
    if (goesOn) within.add(stream);
    else within.delete(stream);
    const shown = prefix === '' ? bytes : Buffer.concat([Buffer.from(prefix), bytes]);
    await (stream === 'stdout' ? context.outBytes(shown) : context.errBytes(shown));
  }
}

/** Looked at before the container, in docker's words. */
function timeOf(flag: 'since' | 'until', text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    parseInstant(text, { now: { seconds: 0, nanoseconds: 0 } });
    return text;
  } catch (error) {
    if (!isStrataError(error, 'ERR_TIME_INVALID')) throw error;
    throw new StrataError({
      kind: 'invalid-argument',
      code: 'ERR_TIME_INVALID',
      message: `invalid value for "${flag}": ${error.message}`,
      cause: error,
    });
  }
}

/** In UTC to the nanosecond, as docker shows it. */
function shownTime(time: string): string {
  const fraction = (/\.(\d{1,9})/.exec(time)?.[1] ?? '').padEnd(9, '0');
  const whole = new Date(time.replace(/\.\d+/, ''));
  return Number.isNaN(whole.getTime()) ? time : whole.toISOString().replace(/\.\d+Z$/, `.${fraction}Z`);
}
