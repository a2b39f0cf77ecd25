// Runs the contests named on the command line, by default all, and writes their tables to bench/results.md.
import { globSync, mkdirSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ContestEntry, hold, messageOf, report } from './contest.ts';
import { LoopFilesystem } from './loop-filesystem.ts';
import { removeTree } from './peers.ts';
import { mergeResults } from './results.ts';

/** Exports of each file of tasks/. */
interface Task {
  readonly contests: readonly ContestEntry[];
}

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    scale: { type: 'string', default: '1' },
    on: { type: 'string' },
    size: { type: 'string', default: '12G' },
  },
  allowPositionals: true,
});
const today = new Date().toISOString().slice(0, 10);
const rounds = Number(values.rounds);
const scale = Number(values.scale);
const tasks = globSync('tasks/*.ts', { cwd: import.meta.dirname }).sort();
const loaded = await Promise.all(tasks.map((file) => import(join(import.meta.dirname, file)) as Promise<Task>));
const all = loaded.flatMap(({ contests }) => contests);
const unknown = positionals.filter((name) => !all.some((contest) => contest.name === name));
if (unknown.length > 0 || !(rounds >= 1) || !(scale > 0)) {
  console.error(`usage: npm run bench -- [--rounds N] [--scale 0.1] [--on FOLDER] [--size 12G] [CONTEST...]`);
  console.error(`contests: ${all.map(({ name }) => name).join(' ')}`);
  process.exit(2);
}

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => interrupted.abort(new Error(`ended by ${name}`)));
}
const { signal } = interrupted;

/** Runs one contest and returns its section. Its inputs and stores are always removed afterwards. */
async function runContest({ name, prepare }: ContestEntry, folder: string): Promise<string> {
  await using atEnd = new AsyncDisposableStack();
  mkdirSync(folder);
  atEnd.defer(() => removeTree(folder));
  process.stderr.write(`${name}: preparing\n`);
  try {
    const contest = await prepare({ folder, scale, atEnd });
    const load = (loadavg()[0] ?? 0).toFixed(1);
    if ('look' in contest) {
      const { title, rules, look } = contest;
      return `## ${title}\n\n${rules} ${today}, load average ${load} before.\n\n${await look({ signal })}`;
    }
    const standings = await hold(contest, { rounds, folder, signal });
    if (standings.some((it) => 'failure' in it)) process.exitCode = 1;
    return report(contest, standings, `Medians of ${rounds} runs in turns, ${today}, load average ${load} before`);
  } catch (error) {
    signal.throwIfAborted();
    process.exitCode = 1;
    return `## ${name}\n\nNot held: ${messageOf(error)}\n`;
  }
}

async function main(): Promise<void> {
  await using atEnd = new AsyncDisposableStack();
  const place = values.on ?? atEnd.use(new LoopFilesystem(values.size)).folder;
  // A smaller run, or one in a given folder, is a trial and not written.
  const isKept = scale === 1 && rounds >= 3 && values.on === undefined;
  const order = all.map(({ name }) => name);
  for (const [at, entry] of all.entries()) {
    if (positionals.length > 0 && !positionals.includes(entry.name)) continue;
    // Podman refuses a path of more than 50 characters for its run state.
    const text = await runContest(entry, join(place, String(at)));
    console.log(text);
    // Written after each contest, so that an interruption loses only the current one.
    if (isKept) mergeResults(join(import.meta.dirname, 'results.md'), new Map([[entry.name, text]]), order);
  }
}

try {
  await main();
} catch (error) {
  if (!signal.aborted) throw error;
  console.error(String(signal.reason));
  process.exitCode = 130;
}
