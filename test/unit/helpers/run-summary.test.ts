import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Hooks } from '../../helpers/test-file.ts';

const reporter = join(import.meta.dirname, '../../helpers/run-summary.ts');

const { NODE_TEST_CONTEXT: _, CI: __, ...environment } = process.env;

/** Runs a file of tests with the reporter of scripts/test.sh. */
function runOf(t: Hooks, ...tests: readonly string[]): { code: number; told: string } {
  return runIn(environment, t, ...tests);
}

/** Runs like {@link runOf}, with these variables. */
function runIn(env: NodeJS.ProcessEnv, t: Hooks, ...tests: readonly string[]): { code: number; told: string } {
  const folder = mkdtempSync(join(tmpdir(), 'strata-run-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'some.test.mjs'), ["import { describe, test } from 'node:test';", ...tests].join('\n'));
  const { status, stdout } = spawnSync(process.execPath, ['--test', `--test-reporter=${reporter}`], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  return { code: status ?? -1, told: stdout };
}

test('skips for listed reasons are counted and pass', (t) => {
  const { code, told } = runOf(
    t,
    "test('a', { skip: 'no loop devices' }, () => {});",
    "test('b', (t) => t.skip('no user xattrs in /somewhere'));",
    "describe('c', { skip: 'no loop devices' }, () => test('d', () => {}));",
    "test('e', { skip: false }, () => {});",
  );
  assert.equal(code, 0, told);
  assert.match(
    told,
    /^slowest files:\n +\d+\.\d s {2}some\.test\.mjs\n\nskipped: 3\n {6}2 {2}no loop devices\n {6}1 {2}no user/m,
  );
});

test('a skip with an unlisted reason, or without a reason, fails the run', (t) => {
  const { code, told } = runOf(
    t,
    "test('a', { skip: 'tar is not installed' }, () => {});",
    "test('b', { skip: true }, () => {});",
    "test('c', { skip: 'no loop devices' }, () => {});",
  );
  assert.equal(code, 1);
  assert.match(told, /tar is not installed {2}<- not in test\/allowed-skips\.txt$/m);
  assert.match(told, /no reason given {2}<- not/);
  assert.match(told, /FAILED: 2 skipped/);
});

test('a test that fails fails the run, a run without skips says so', (t) => {
  assert.equal(runOf(t, "test('a', () => { throw new Error('x'); });").code, 1);
  const good = runOf(t, "test('a', () => {});");
  assert.deepEqual([good.code, good.told.includes('skipped: 0\n')], [0, true]);
});

test('files that tests leave on the machine are listed', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-traces-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'before'), '');
  const leaves = `test('a', async () => (await import('node:fs')).writeFileSync('${folder}/left', ''));`;
  const env = { ...environment, STRATA_TRACES: join(folder, '*') };
  const { code, told } = runIn(env, t, leaves);
  assert.equal(code, 0);
  assert.ok(told.endsWith(`\nleft on the machine: 1\n         ${folder}/left\n`), told);
  rmSync(join(folder, 'left'));
});

test('files with a test that failed, and those that crashed, are written down to be run again', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-run-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'sub'));
  for (const [name, body] of [
    ['good', ''],
    ['failed', "throw new Error('x');"],
    ['sub/crashed', "process.kill(process.pid, 'SIGKILL');"],
  ]) {
    writeFileSync(join(folder, `${name}.test.mjs`), `import { test } from 'node:test'; test('a', () => { ${body} });`);
  }
  const again = join(folder, 'again');
  const args = ['--test', `--test-reporter=${reporter}`, '**/*.test.mjs'];
  const { status } = spawnSync(process.execPath, args, {
    cwd: folder,
    env: { ...environment, STRATA_FAILED_TESTS: again },
  });
  assert.equal(status, 1);
  assert.deepEqual(readFileSync(again, 'utf8').split('\n').sort(), ['', 'failed.test.mjs', 'sub/crashed.test.mjs']);
});
