// The first process of a container whose runtime was killed while it created it. Played by a shell that waits for a
// program.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bundleAt } from '../../../src/containers/runtime/bundle.ts';
import { endOrphanedInit } from '../../../src/containers/supervised/orphaned-init.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { output } from '../../helpers/needs.ts';
import { until } from '../../helpers/until.ts';

/** Starts a supervisor that waits for its only child; `ended` resolves when its wait is over. */
async function startSupervisor(
  t: TestContext,
): Promise<{ readonly bundle: ReturnType<typeof bundleAt>; ended: Promise<unknown> }> {
  const folder = temporaryFolder(t, 'bundle');
  const bundle = bundleAt(folder);
  output('mkfifo', join(folder, 'init'));
  // No process writes into the fifo.
  const supervisor = spawn('/bin/sh', ['-c', 'cat init; exit'], {
    cwd: folder,
    stdio: 'ignore',
    detached: true,
  });
  t.after(() => spawnSync('kill', ['-9', '--', `-${supervisor.pid}`]));
  const ended = once(supervisor, 'exit');
  writeFileSync(bundle.supervisorPid, `${supervisor.pid}`);
  const proc = `/proc/${supervisor.pid}`;
  const isAtRest = (): boolean => {
    const [child] = readFileSync(`${proc}/task/${supervisor.pid}/children`, 'utf8').split(' ').filter(Boolean);
    const command = child === undefined ? '' : readFileSync(`/proc/${child}/cmdline`, 'utf8');
    return command.startsWith('cat\0init') && /\) S /.test(readFileSync(`${proc}/stat`, 'utf8'));
  };
  await until(isAtRest, () => 'the shell does not wait');
  return { bundle, ended };
}

test('a first process without a recorded number is ended at the first look', async (t) => {
  const { bundle, ended } = await startSupervisor(t);
  t.mock.timers.enable({ apis: ['setInterval'] });
  using _orphans = endOrphanedInit(bundle);
  t.mock.timers.tick(100);
  await ended;
});

test('a first process with a recorded number is ended when no answer comes in three seconds', async (t) => {
  const { bundle, ended } = await startSupervisor(t);
  writeFileSync(bundle.pid, '1');
  t.mock.timers.enable({ apis: ['setInterval'] });
  using _orphans = endOrphanedInit(bundle);
  t.mock.timers.tick(2900);
  const pid = readFileSync(bundle.supervisorPid, 'utf8');
  assert.match(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'), /\d/, 'it is left alone');
  t.mock.timers.tick(100);
  await ended;
});
