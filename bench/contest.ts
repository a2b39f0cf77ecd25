import { AccountingGroup, type CommandOptions, type Measurement, measure } from './measure.ts';

export interface Contender {
  readonly name: string;
  readonly command: readonly string[];
  readonly options?: CommandOptions;
  /** Where a daemon of this contender lives; without one it gets a fresh group. */
  readonly group?: AccountingGroup;
  /** Not measured, before and after every run. */
  readonly before?: () => unknown;
  readonly after?: () => unknown;
}

export interface Contest {
  readonly name: string;
  readonly title: string;
  /** Strata first; ratios are Strata divided by the other. */
  readonly contenders: readonly Contender[];
  /** From the design's table of targets. */
  readonly goal: string;
}

/** A contest that can be set up: `folder` is on the filesystem to measure, `atEnd` takes what must be ended. */
export interface ContestEntry {
  readonly name: string;
  prepare(folder: string, atEnd: AsyncDisposableStack): Contest | Promise<Contest>;
}

export interface Standing {
  readonly contender: string;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakBytes: number;
  readonly runs: number;
  readonly spread: readonly [number, number];
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Runs everybody in turns, the order turned by one each round, after one round that does not count. */
export async function hold(contest: Contest, rounds: number): Promise<Standing[]> {
  const taken = new Map<string, Measurement[]>(contest.contenders.map(({ name }) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (let turn = 0; turn < contest.contenders.length; turn++) {
      const contender = contest.contenders[(turn + Math.max(round, 0)) % contest.contenders.length] as Contender;
      await contender.before?.();
      const group = contender.group ?? new AccountingGroup('run');
      try {
        const measured = await measure(group, contender.command, { memory: true, ...contender.options });
        if (round >= 0) taken.get(contender.name)?.push(measured);
      } finally {
        if (contender.group === undefined) group[Symbol.dispose]();
        await contender.after?.();
      }
    }
  }
  return [...taken].map(([contender, runs]) => {
    const walls = runs.map((run) => run.wallMs);
    return {
      contender,
      wallMs: median(walls),
      cpuMs: median(runs.map((run) => run.cpuMs)),
      peakBytes: median(runs.map((run) => run.peakBytes)),
      runs: runs.length,
      spread: [Math.min(...walls), Math.max(...walls)],
    };
  });
}

/** A Markdown section: every contender's medians, and Strata's ratio to each. */
export function report(contest: Contest, standings: readonly Standing[]): string {
  const ours = standings[0] as Standing;
  const seconds = (ms: number): string => (ms / 1000).toFixed(ms < 1000 ? 3 : 2);
  const ratio = (a: number, b: number): string => (b > 0 ? (a / b).toFixed(2) : '–');
  return [
    `## ${contest.title}`,
    '',
    `Goal: ${contest.goal}. Medians of ${ours.runs} runs in turns; wall min–max in brackets.`,
    '',
    '| | wall s | CPU s | peak MB | Strata / it: wall | CPU | memory |',
    '|---|---|---|---|---|---|---|',
    ...standings.map(
      (it) =>
        `| ${it.contender} | ${seconds(it.wallMs)} (${seconds(it.spread[0])}–${seconds(it.spread[1])}) | ${seconds(it.cpuMs)} | ${(it.peakBytes / 1e6).toFixed(0)} | ` +
        (it === ours
          ? '| | |'
          : `${ratio(ours.wallMs, it.wallMs)} | ${ratio(ours.cpuMs, it.cpuMs)} | ${ratio(ours.peakBytes, it.peakBytes)} |`),
    ),
    '',
  ].join('\n');
}
