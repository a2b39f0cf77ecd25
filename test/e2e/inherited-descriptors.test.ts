// Locks and pipes of a script are not held by a container that outlives it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../helpers/build-folder.ts';
import { busyboxContext } from '../helpers/busybox-image.ts';
import { needs } from '../helpers/needs.ts';
import { strataCommand, strataPath } from '../helpers/strata.ts';
import { until } from '../helpers/until.ts';

const skip = needs('root', 'runc', 'conmon', 'overlay', 'busybox');

test('descriptors that a command inherited are not passed on to processes that outlive it', { skip }, async (t) => {
  const strata = strataCommand(t);
  assert.equal((await strata('build', '-q', '-t', 'box', busyboxContext(t))).code, 0);
  const lock = join(temporaryFolder(t), 'lock');
  const runLocked = (command: string): void => {
    const env = { ...process.env, STRATA: strataPath, STRATA_ROOT: strata.root };
    const { status } = spawnSync('bash', ['-c', `exec 200>"$0"; flock 200; ${command}`, lock], {
      env,
      stdio: 'ignore',
    });
    assert.equal(status, 0, command);
  };
  const isFree = (): boolean => spawnSync('flock', ['--nonblock', lock, 'true']).status === 0;
  runLocked('$STRATA run -d --name cc box sleep 1000');
  await until(isFree, () => 'run -d holds it');
  runLocked('$STRATA exec -d cc sleep 1000');
  await until(isFree, () => 'exec -d holds it');
  // Each command is ended by force: the processes that it started go on.
  runLocked(
    '$STRATA exec cc sh -c "touch /there; sleep 1000" & until $STRATA exec cc ls /there; do :; done; kill -9 $!',
  );
  await until(isFree, () => 'exec, killed, holds it');
  await strata('rm', '-f', 'cc');
});
