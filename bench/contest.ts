import { execFileSync } from 'node:child_process';
import { firstCause } from '../src/errors/index.ts';
import { AccountingGroup } from './accounting-group.ts';
import { type CommandOptions, type Measurement, measure } from './measure.ts';

export interface Contender {
  /** Program, and in brackets the work that it does more or less than the others. */
  readonly name: string;
  readonly command: readonly string[];
  readonly options?: CommandOptions;
  /** Group of this contender's daemon. Without a daemon every run gets a new group. */
  readonly group?: AccountingGroup;
  /** Reason why this contender cannot run on this machine; the table shows it instead of times. */
  readonly missing?: string;
  /** Called before and after every run, unmeasured. */
  readonly before?: () => unknown;
  readonly after?: () => unknown;
}

export interface Contest {
  readonly title: string;
  /** Conditions that are equal for all contenders, and those that are not. */
  readonly rules: string;
  /** Contenders, Strata first. Ratios are Strata divided by the other. */
  readonly contenders: readonly Contender[];
  /** Target of the ratio. */
  readonly goal: string;
}

export interface Arena {
  /** An empty folder on the filesystem to measure, removed at the end. */
  readonly folder: string;
  /** Factor for the size of all inputs: 1, or less for smaller ones. */
  readonly scale: number;
  /** Collects the daemons and containers to end. */
  readonly atEnd: AsyncDisposableStack;
}

/** A measurement without a race between contenders. */
export interface Survey {
  readonly title: string;
  readonly rules: string;
  /** Measures and returns a Markdown table. */
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
  /**
   * Folder of the inputs. Its filesystem is flushed before every run, so that no run pays for the writes of another.
   */
  readonly folder: string;
  readonly signal: AbortSignal;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/**
 * Runs all contenders in turns, with the order rotated by one each round. The first round warms up and samples memory.
 * A contender that fails is left out of later rounds, and the table names the reason.
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

/** Returns the message of the first failure: after a failed run the clean-up often fails as well. */
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

/**
 * Returns a Markdown section with every contender's medians and Strata's ratio to each. `how` names number and date of
 * the runs.
 */
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

/** Returns the most telling line of a failure. */
function gist(text: string): string {
  const lines = text.split('\n');
  return (lines.find((line) => /error/i.test(line)) ?? lines[0] ?? '').slice(0, 160).replaceAll('|', '\\|');
}
