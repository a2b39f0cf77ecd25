import { execFileSync } from 'node:child_process';
import { firstCause } from '../src/errors/index.ts';
import { AccountingGroup } from './accounting-group.ts';
import { type CommandOptions, type Measurement, measure } from './measure.ts';

export interface Contender {
  /** Who, and what it does beyond or short of the others. */
  readonly name: string;
  readonly command: readonly string[];
  readonly options?: CommandOptions;
  /** Where a daemon of this contender lives; without one every run gets a fresh group. */
  readonly group?: AccountingGroup;
  /** What this machine lacks for it to take part: the table has that in its place. */
  readonly missing?: string;
  /** Not measured, before and after every run. */
  readonly before?: () => unknown;
  readonly after?: () => unknown;
}

export interface Contest {
  readonly title: string;
  /** What is the same for all, and what is not. */
  readonly rules: string;
  /** Strata first; ratios are Strata divided by the other. */
  readonly contenders: readonly Contender[];
  /** From the table of targets. */
  readonly goal: string;
}

export interface Arena {
  /** Empty, on the filesystem to measure; goes away with it. */
  readonly folder: string;
  /** 1, or less to make all inputs that much smaller. */
  readonly scale: number;
  /** Takes what must be ended. */
  readonly atEnd: AsyncDisposableStack;
}

/** What is looked at, not raced. */
export interface Survey {
  readonly title: string;
  readonly rules: string;
  /** A Markdown table. */
  readonly look: (options: { readonly signal: AbortSignal }) => Promise<string>;
}

/** A contest that can be set up. */
export interface ContestEntry {
  readonly name: string;
  prepare(arena: Arena): Contest | Survey | Promise<Contest | Survey>;
}

export type Standing = { readonly contender: string } & (
  | {
      readonly wallMs: number;
      readonly cpuMs: number;
      readonly peakBytes: number;
      readonly runs: number;
      readonly spread: readonly [number, number];
    }
  | { readonly failure: string }
);

interface HoldOptions {
  readonly rounds: number;
  /** Where the inputs are: flushed before every run, so that nobody pays for what another left to be written. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/**
 * Runs everybody in turns, the order turned by one each round. The first round warms up and is where memory is looked
 * at. Who fails is out from there on, with the reason.
 */
export async function hold(contest: Contest, { rounds, folder, signal }: HoldOptions): Promise<Standing[]> {
  const { contenders } = contest;
  const taken = contenders.map((): Measurement[] => []);
  const failures = new Map(contenders.flatMap(({ missing }, at) => (missing === undefined ? [] : [[at, missing]])));
  for (const [at, failure] of failures) process.stderr.write(`${contenders[at]?.name}: ${failure}\n`);
  for (let round = 0; round <= rounds; round++) {
    process.stderr.write(`${contest.title}: ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}\n`);
    for (let turn = 0; turn < contenders.length; turn++) {
      const at = (turn + round) % contenders.length;
      const contender = contenders[at] as Contender;
      if (failures.has(at)) continue;
      try {
        execFileSync('sync', ['--file-system', folder]);
        taken[at]?.push(await runOnce(contender, { memory: round === 0, signal }));
      } catch (error) {
        signal.throwIfAborted();
        failures.set(at, messageOf(error));
        process.stderr.write(`${contender.name}: ${failures.get(at)}\n`);
      }
    }
  }
  return contenders.map(({ name }, at) => {
    const failure = failures.get(at);
    return failure === undefined ? summary(name, taken[at] ?? []) : { contender: name, failure };
  });
}

/** Of two failures the first: cleaning up behind one that made nothing fails as well. */
export function messageOf(error: unknown): string {
  const first = firstCause(error);
  return first instanceof Error ? first.message : String(first);
}

async function runOnce(
  contender: Contender,
  options: { readonly memory: boolean; readonly signal: AbortSignal },
): Promise<Measurement> {
  await using end = new AsyncDisposableStack();
  end.defer(async () => void (await contender.after?.()));
  await contender.before?.();
  const group = contender.group ?? end.use(new AccountingGroup(contender.name));
  return await measure(group, contender.command, { ...contender.options, ...options });
}

function summary(contender: string, [first, ...counted]: readonly Measurement[]): Standing {
  const walls = counted.map((run) => run.wallMs);
  return {
    contender,
    wallMs: median(walls),
    cpuMs: median(counted.map((run) => run.cpuMs)),
    peakBytes: first?.peakBytes ?? Number.NaN,
    runs: counted.length,
    spread: [Math.min(...walls), Math.max(...walls)],
  };
}

const seconds = (ms: number): string => (ms / 1000).toFixed(ms < 1000 ? 3 : 2);
const ratio = (a: number, b: number): string => (a > 0 && b > 0 ? (a / b).toFixed(2) : '–');

/** A Markdown section: every contender's medians, and Strata's ratio to each. `how` says how often and when. */
export function report(contest: Contest, standings: readonly Standing[], how: string): string {
  const [ours] = standings;
  return [
    `## ${contest.title}`,
    '',
    contest.rules,
    `Goal: ${contest.goal}. ${how}; fastest and slowest in brackets.`,
    '',
    '| | wall s | CPU s | peak MB | Strata ÷ it: wall | CPU | memory |',
    '|---|---|---|---|---|---|---|',
    ...standings.map((it) => `| ${it.contender} | ${cells(it, ours).join(' | ')} |`),
    '',
  ].join('\n');
}

function cells(it: Standing, ours: Standing | undefined): readonly string[] {
  if ('failure' in it) return [`failed: ${gist(it.failure)}`, '', '', '', '', ''];
  const times = [
    `${seconds(it.wallMs)} (${seconds(it.spread[0])}–${seconds(it.spread[1])})`,
    seconds(it.cpuMs),
    (it.peakBytes / 1e6).toFixed(0),
  ];
  if (it === ours || ours === undefined || 'failure' in ours) return [...times, '', '', ''];
  return [...times, ratio(ours.wallMs, it.wallMs), ratio(ours.cpuMs, it.cpuMs), ratio(ours.peakBytes, it.peakBytes)];
}

/** The line of a failure that says most. */
function gist(text: string): string {
  const lines = text.split('\n');
  return (lines.find((line) => /error/i.test(line)) ?? lines[0] ?? '').slice(0, 160).replaceAll('|', '\\|');
}
