import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isStrataError } from '../../../src/errors/index.ts';
import { findProgram, requireProgram } from '../../../src/sys/find-program.ts';
import { runChecked, runProgram } from '../../../src/sys/run-program.ts';
import { patienceMs } from '../../helpers/until.ts';
import { openDescriptors, scratchDirectory } from './scratch-directory.ts';

const sh = '/bin/sh';

test('output, exit code and signal are returned', async () => {
  const result = await runProgram(sh, ['-c', 'echo out; echo err >&2; exit 3']);
  assert.equal(result.exitCode, 3);
  assert.deepEqual([result.stdout.toString(), result.stderr.toString(), result.truncated], ['out\n', 'err\n', false]);
  const killed = await runProgram(sh, ['-c', 'kill -KILL $$']);
  assert.deepEqual([killed.exitCode, killed.signal], [null, 'SIGKILL']);
});

test('input is fed, even to a program that does not read it', async () => {
  const echoed = await runProgram('/bin/cat', [], { input: Buffer.from([0, 255, 10]) });
  assert.deepEqual([...echoed.stdout], [0, 255, 10]);
  const deaf = await runProgram('/bin/true', [], { input: 'x'.repeat(1 << 20) });
  assert.equal(deaf.exitCode, 0);
});

test('a limited part of the output is kept, and the rest is read', async () => {
  const result = await runProgram(sh, ['-c', 'head -c 3000000 /dev/zero; echo end >&2'], { captureBytes: 1000 });
  assert.equal(result.stdout.length, 1000);
  assert.ok(result.truncated);
  assert.equal(result.stderr.toString(), 'end\n');
});

test('the environment is not inherited, and only the given descriptors are', async (context) => {
  const { path } = scratchDirectory(context);
  writeFileSync(join(path, 'file'), 'through the descriptor');
  const before = openDescriptors();
  const fd = openSync(join(path, 'file'), 'r');
  const other = openSync(join(path, 'other'), 'w');
  process.env['STRATA_TEST_SECRET'] = 'x';
  context.after(() => delete process.env['STRATA_TEST_SECRET']);
  const script = 'env | sort | grep -v "^PWD=\\|^_=\\|^SHLVL="; cat <&3; echo; readlink /proc/$$/fd/*';
  const { stdout } = await runProgram(sh, ['-c', script], { env: { NAME: 'value' }, fds: [fd], cwd: path });
  closeSync(fd);
  closeSync(other);
  const lines = stdout.toString().split('\n');
  assert.deepEqual(lines.slice(0, 2), ['LC_ALL=C', 'NAME=value']);
  assert.match(lines[2] ?? '', /^PATH=/);
  assert.equal(lines[3], 'through the descriptor');
  assert.deepEqual(
    lines.filter((line) => line.startsWith(path)),
    [join(path, 'file')],
  );
  assert.equal(openDescriptors(), before);
});

test('an abort ends the program and rejects with its reason once it has ended', async () => {
  const controller = new AbortController();
  const reason = new Error('stop');
  const running = runProgram(sh, ['-c', 'trap "" TERM; echo ready; while :; do sleep 0.05; done'], {
    signal: controller.signal,
    graceMs: 100,
  });
  await sleep(100);
  controller.abort(reason);
  await assert.rejects(running, (error) => error === reason);
  await assert.rejects(runProgram(sh, ['-c', 'exit 0'], { signal: controller.signal }), (error) => error === reason);
});

test('an abort does not wait for a grandchild that holds the pipes', { timeout: patienceMs }, async (context) => {
  const { path } = scratchDirectory(context);
  const controller = new AbortController();
  const script = `sleep 1000 & echo $! > ${path}/new; mv ${path}/new ${path}/pid; exec sleep 1000`;
  const running = runProgram(sh, ['-c', script], { signal: controller.signal });
  while (!existsSync(join(path, 'pid'))) await sleep(10);
  await sleep(50);
  controller.abort();
  await assert.rejects(running, { name: 'AbortError' });
  await runProgram(sh, ['-c', `kill $(cat ${path}/pid)`]);
});

test('failures are typed', async () => {
  await assert.rejects(runProgram('/nonexistent/program', []), (error) =>
    isStrataError(error, 'ERR_PROGRAM_NOT_STARTED'),
  );
  await assert.rejects(runChecked(sh, ['-c', 'echo because >&2; exit 2']), (error) => {
    assert.ok(isStrataError(error, 'ERR_PROGRAM_FAILED'));
    assert.equal(error.message, 'program /bin/sh: exit code 2: because');
    return true;
  });
  assert.equal((await runChecked(sh, ['-c', 'exit 0'])).exitCode, 0);
});

test('programs are found in the folders of the host only', (context) => {
  const before = process.env['PATH'];
  process.env['PATH'] = '/nonexistent';
  context.after(() => {
    process.env['PATH'] = before;
  });
  assert.match(findProgram('sh') ?? '', /\/bin\/sh$/);
  assert.equal(findProgram('strata-nonexistent'), undefined);
  assert.throws(
    () => requireProgram('strata-nonexistent', 'a-package'),
    (error) => isStrataError(error, 'ERR_PROGRAM_MISSING') && /apt-get install a-package/.test(error.hint ?? ''),
  );
});
