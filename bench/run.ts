// Holds the contests named on the command line, all without names, and then writes bench/results.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ContestEntry, hold, report } from './contest.ts';
import { LoopFilesystem } from './loop-filesystem.ts';
import { removeTree, version } from './peers.ts';
import { applyContests } from './tasks/apply.ts';
import { layerContests } from './tasks/layer.ts';
import { runContests } from './tasks/run.ts';

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    scale: { type: 'string', default: '1' },
    on: { type: 'string' },
    size: { type: 'string', default: '12G' },
  },
  allowPositionals: true,
});
const rounds = Number(values.rounds);
const scale = Number(values.scale);
const all: readonly ContestEntry[] = [...applyContests, ...layerContests, ...runContests];
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

/** One contest from its inputs to its table; what it needs is gone afterwards, whatever happens. */
async function section({ name, prepare }: ContestEntry, place: string): Promise<string> {
  await using atEnd = new AsyncDisposableStack();
  const folder = join(place, name);
  mkdirSync(folder);
  atEnd.defer(() => removeTree(folder));
  process.stderr.write(`${name}: preparing\n`);
  try {
    const contest = await prepare({ folder, scale, atEnd });
    const standings = await hold(contest, { rounds, folder, signal });
    if (standings.some((it) => 'failure' in it)) process.exitCode = 1;
    return report(contest, standings, rounds);
  } catch (error) {
    signal.throwIfAborted();
    process.exitCode = 1;
    return `## ${name}\n\nNot held: ${error instanceof Error ? error.message : String(error)}\n`;
  }
}

async function main(): Promise<void> {
  await using atEnd = new AsyncDisposableStack();
  const place = values.on ?? atEnd.use(new LoopFilesystem(values.size)).folder;
  const sections: string[] = [];
  for (const entry of all) {
    if (positionals.length > 0 && !positionals.includes(entry.name)) continue;
    const text = await section(entry, place);
    console.log(text);
    sections.push(text);
  }
  if (positionals.length > 0) return;
  const peers = ['tar', 'pigz', 'umoci', 'skopeo', 'buildah', 'podman', 'dockerd', 'runc'];
  const head = [
    '# Results',
    '',
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, kernel ${release()}, Node ${process.version}, on ${values.on === undefined ? 'a fresh journaled ext4 in a loop file' : 'a folder as it was'}${scale === 1 ? '' : `, inputs at ${scale} of their size`}.`,
    `Peers: ${peers.map(version).join(' · ')}.`,
    '',
    'Ratios count, times do not: below 1 Strata is faster or smaller, and differences under a tenth are a tie.',
    '',
  ];
  writeFileSync(join(import.meta.dirname, 'results.md'), [...head, ...sections].join('\n'));
}

try {
  await main();
} catch (error) {
  if (!signal.aborted) throw error;
  console.error(String(signal.reason));
  process.exitCode = 130;
}
