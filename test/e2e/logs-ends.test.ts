import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { busyboxStore } from '../helpers/busybox-store.ts';
import { needs } from '../helpers/needs.ts';
import { startCommand } from '../helpers/start-command.ts';
import { strataPath } from '../helpers/strata.ts';
import { patienceMs } from '../helpers/until.ts';

const skip = needs('root', 'runc', 'conmon', 'busybox');

test('logs -f ends without a word by an interrupt, and when a reader of either stream goes away', {
  skip,
}, async (t) => {
  const strata = await busyboxStore(t);
  const talk = 'while true; do echo out; echo err >&2; usleep 50000; done';
  assert.equal((await strata('run', '-d', '--name', 'talker', 'busybox', 'sh', '-c', talk)).code, 0);
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const followed = startCommand(t, strata, 'logs', '-f', 'talker');
    await followed.says('out');
    followed.child.kill(signal);
    assert.deepEqual(await followed.ended, { code, signal: null });
    assert.match(followed.output.stderr, /^(err\n)*$/);
  }
  const logs = `${strataPath} --root ${strata.root} logs -f talker`;
  for (const [line, said] of [
    [`${logs} 2>/dev/null | head -1`, 'out\n'],
    [`${logs} 2>&1 >/dev/null | head -1`, 'err\n'],
  ] as const) {
    const { status, stdout } = spawnSync('bash', ['-c', line], { encoding: 'utf8', timeout: patienceMs });
    assert.deepEqual([status, stdout], [0, said], line);
  }
  assert.deepEqual(await strata('rm', '-f', 'talker'), { code: 0, stdout: 'talker\n', stderr: '' });
});

test('a reader that goes away causes no error', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  const name = `${strataPath} --root ${strata.root}`;
  const run = await strata('run', '-d', '--name', 'long', 'busybox', 'sh', '-c', 'yes | busybox head -n 100000');
  assert.equal(run.code, 0);
  await strata('wait', 'long');
  for (const line of ['logs long', 'export long', 'save busybox', 'cp long:/bin -', 'run --name more busybox yes']) {
    const { stdout, stderr } = spawnSync(
      'bash',
      ['-c', `${name} ${line} | head -c1 >/dev/null; echo \${PIPESTATUS[0]}`],
      {
        encoding: 'utf8',
        timeout: patienceMs,
      },
    );
    assert.deepEqual([stdout, stderr], ['141\n', ''], line);
  }
  const full = spawnSync('bash', ['-c', `${name} logs long >/dev/full`], { encoding: 'utf8', timeout: patienceMs });
  assert.equal(full.status, 1);
  assert.match(full.stderr, /^strata: write \/dev\/stdout: .*no space left on device/i);
  await strata('rm', '-f', 'long', 'more');
});
