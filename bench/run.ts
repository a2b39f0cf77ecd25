// Holds the contests named on the command line (all without names) and writes bench/results.md.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ContestEntry, hold, report } from './contest.ts';
import { version } from './peers.ts';
import { applyContests } from './tasks/apply.ts';
import { layerContests } from './tasks/layer.ts';
import { runContests } from './tasks/run.ts';

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    on: { type: 'string' },
    size: { type: 'string', default: '12G' },
  },
  allowPositionals: true,
});

const contests: readonly ContestEntry[] = [...applyContests, ...layerContests, ...runContests];

/** A journaled ext4 nobody has used before, in a sparse file. */
function freshFilesystem(atEnd: AsyncDisposableStack): string {
  const scratch = mkdtempSync(join(tmpdir(), 'strata-bench-'));
  atEnd.defer(() => rmSync(scratch, { recursive: true, force: true }));
  const image = join(scratch, 'ext4.img');
  const mountPoint = join(scratch, 'mnt');
  mkdirSync(mountPoint);
  execFileSync('truncate', ['-s', values.size, image]);
  execFileSync('mkfs.ext4', ['-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image]);
  execFileSync('mount', ['-o', 'loop', image, mountPoint]);
  atEnd.defer(() => {
    execFileSync('umount', ['-l', mountPoint]);
  });
  return mountPoint;
}

await using atEnd = new AsyncDisposableStack();
const folder = values.on ?? freshFilesystem(atEnd);
const sections: string[] = [];
for (const { name, prepare } of contests) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  await using contestEnd = new AsyncDisposableStack();
  const contest = await prepare(folder, contestEnd);
  const section = report(contest, await hold(contest, Number(values.rounds)));
  console.log(section);
  sections.push(section);
}
const machine = [
  '# Results',
  '',
  `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, kernel ${release()}, Node ${process.version}; a fresh journaled ext4 in a loop file unless \`--on\` named another place.`,
  `Peers: ${['tar', 'pigz', 'umoci', 'skopeo', 'buildah', 'podman', 'runc'].map((name) => version(name, '--version')).join(' · ')}.`,
  'Ratios count, times do not: below 1 Strata is faster (or smaller). Differences under a tenth are a tie.',
  '',
];
if (positionals.length === 0)
  writeFileSync(join(import.meta.dirname, 'results.md'), [...machine, ...sections].join('\n'));
