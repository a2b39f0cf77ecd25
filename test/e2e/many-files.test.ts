// Very many files: memory does not grow with their number.
import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../helpers/build-folder.ts';
import { busyboxContext } from '../helpers/busybox-image.ts';
import { needs } from '../helpers/needs.ts';
import { isSoak } from '../helpers/random.ts';
import { type StrataCommand, strataCommand } from '../helpers/strata.ts';

const skip = needs('root', 'runc', 'overlay', 'busybox');

const count = isSoak ? 1_000_000 : 25_000;
// One or two objects for each file took 80 MiB for 25,000 files and more than 1 GiB for a million.
const walking = { growthMib: isSoak ? 130 : 40, mib: 250 };
// An archive may name its files in any order and twice, so that for each its path and 20 bytes are kept.
const unpacking = { growthMib: 200, mib: 320 };
// Two layers of a million files, one after the other: garbage of the first is still in memory.
const severalLayers = { growthMib: 130, mib: 320 };

const tellPeak = `import { appendFileSync } from 'node:fs';
process.on('exit', () => appendFileSync(process.env.STRATA_TEST_PEAKS, process.pid + ' ' + process.resourceUsage().maxRSS + '\\n'));`;

/** Runs the command; returns the mebibytes of memory that it and the processes it started took at most. */
async function peakOf(strata: StrataCommand, peaks: string, ...args: readonly string[]): Promise<number> {
  rmSync(peaks, { force: true });
  const env = {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tellPeak)}`,
    STRATA_TEST_PEAKS: peaks,
  };
  const { code, stderr } = await strata.with({ env }, ...args);
  assert.equal(code, 0, stderr);
  // Threads report the same figure as their process.
  const kibibytesOf = new Map<string, number>();
  for (const line of readFileSync(peaks, 'utf8').trim().split('\n')) {
    const [pid = '', kibibytes] = line.split(' ');
    kibibytesOf.set(pid, Math.max(kibibytesOf.get(pid) ?? 0, Number(kibibytes)));
  }
  return kibibytesOf.values().reduce((sum, kibibytes) => sum + kibibytes, 0) / 1024;
}

/** Creates `count` files: a fifth in one folder, the others in folders of a thousand. */
function fill(folder: string, count: number): void {
  for (let at = 0; at < count; at++) {
    const parent = join(folder, at < count / 5 ? 'one' : `folder-${Math.floor(at / 1000)}`);
    if (at % 1000 === 0 || at === count / 5) mkdirSync(parent, { recursive: true });
    closeSync(openSync(join(parent, `a-file-of-a-usual-name-${at}`), 'wx'));
  }
}

async function containers(context: TestContext): Promise<StrataCommand> {
  const strata = strataCommand(context);
  assert.equal((await strata('build', '-q', '-t', 'box', busyboxContext(context))).code, 0);
  // With fewer files no worker is started.
  for (const [name, files] of [
    ['few', 1000],
    ['many', count],
  ] as const) {
    assert.equal((await strata('create', '--name', name, 'box')).code, 0);
    const { stdout } = await strata('inspect', '-f', '{{.GraphDriver.Data.UpperDir}}', name);
    fill(join(stdout.trim(), 'files'), files);
  }
  return strata;
}

test('diff, export and commit take no more memory for very many files, and what unpacks them takes little more', {
  skip,
}, async (context) => {
  const strata = await containers(context);
  const folder = temporaryFolder(context);
  const peaks = join(folder, 'peaks');
  const report: string[] = [];
  const checkPeak = async (command: (name: string) => readonly string[], most = walking): Promise<void> => {
    const few = await peakOf(strata, peaks, ...command('few'));
    const many = await peakOf(strata, peaks, ...command('many'));
    report.push(`${command('').join(' ')}: ${few.toFixed()} → ${many.toFixed()} MiB`);
    assert.ok(many < most.mib && many - few < most.growthMib, report.at(-1));
  };
  await checkPeak((name) => ['diff', name]);
  await checkPeak((name) => ['export', '-o', join(folder, name), name]);
  await checkPeak((name) => ['commit', name, `${name}-committed`]);
  if (isSoak) {
    await checkPeak((name) => ['save', '-o', join(folder, 'saved'), `${name}-committed`]);
    await checkPeak((name) => ['import', join(folder, name), `${name}-imported`], unpacking);
    await checkPeak(() => ['system', 'check'], severalLayers);
  }
  context.diagnostic(`${count} files: ${report.join('; ')}`);
});
