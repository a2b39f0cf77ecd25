import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeRuntime } from '../../src/containers/runtime/runtime.ts';
import { folderWith } from '../helpers/build-folder.ts';
import { busyboxStore } from '../helpers/busybox-store.ts';
import { defaultConfiguration } from '../helpers/default-configuration.ts';
import { needs } from '../helpers/needs.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox', 'tini-static');

test('flags for paths, limits and an init program work, with and without a supervisor', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  const cwd = folderWith(t, {
    'given/file': 'given',
    labels: 'a=b\n# no\nbare\n',
    profile: '{"defaultAction":"SCMP_ACT_ALLOW"}',
  });
  const flags = [
    '-v',
    './given:/in:ro',
    '--mount',
    'type=tmpfs,dst=/memory',
    '--init',
    '-m',
    '64m',
    '--ulimit',
    'nofile=64',
  ];
  const more = [
    '--group-add',
    'staff',
    '--add-host',
    'db:10.0.0.1',
    '--security-opt',
    'seccomp=profile',
    '--label-file',
    'labels',
  ];
  const script = 'cat /in/file; ulimit -n; readlink /proc/1/exe; id -G; touch /memory/x && touch /in/x';
  const said = 'given64\n/sbin/docker-init\n0 50\n';
  const attended = await strata.with({ cwd }, 'run', '--rm', ...flags, ...more, 'busybox', 'sh', '-c', script);
  assert.deepEqual([attended.code, attended.stdout], [1, said]);
  assert.match(attended.stderr, /^touch: \/in\/x: Read-only file system$/m);
  const kept = await strata.with({ cwd }, 'run', '--name', 'kept', ...flags, ...more, 'busybox', 'sh', '-c', script);
  assert.deepEqual([kept.code, kept.stdout], [1, said]);
  const format = '{{.HostConfig.Memory}} {{.HostConfig.Init}} {{json .HostConfig.Binds}} {{json .Config.Labels}}';
  const { stdout } = await strata('inspect', '-f', format, 'kept');
  assert.equal(stdout, `${64 << 20} true ["${join(cwd, 'given')}:/in:ro"] {"a":"b","bare":""}\n`);
});

test('-v creates a missing source, --mount does not; an invalid flag is refused', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  const cwd = folderWith(t, {});
  const mounted = await strata.with(
    { cwd },
    'run',
    '--rm',
    '--mount',
    `type=bind,src=${cwd}/a,dst=/a`,
    'busybox',
    'true',
  );
  assert.equal(mounted.code, 125);
  assert.match(
    mounted.stderr,
    /^strata: invalid mount config for type "bind": bind source path does not exist: .*\/a$/m,
  );
  assert.equal((await strata.with({ cwd }, 'run', '--rm', '-v', './a/b:/a', 'busybox', 'true')).code, 0);
  assert.ok(existsSync(join(cwd, 'a/b')));
  const missing = await strata('run', '--rm', '--device', '/dev/not-there', 'busybox', 'true');
  assert.deepEqual([missing.code, missing.stdout], [127, '']);
  const wrong = await strata('create', '-m', 'x', 'busybox');
  assert.equal(wrong.code, 125);
  assert.match(wrong.stderr, /^strata: invalid argument "x" for "-m, --memory" flag: invalid size: 'x'$/m);
});

test('flags that a weak runtime makes dangerous give a warning, which info shows as well', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  const { weaknesses } = await describeRuntime(defaultConfiguration);
  const plain = await strata('run', '--rm', '--cap-add', 'NET_ADMIN', 'busybox', 'echo', 'ran');
  assert.deepEqual(plain, { code: 0, stdout: 'ran\n', stderr: '' });
  const info = await strata('info');
  for (const { id } of weaknesses)
    assert.match(info.stderr, new RegExp(`^WARNING: runc .* lacks the fixes of .*${id}`));
  assert.equal(info.stderr.match(/^WARNING: runc/gm)?.length ?? 0, weaknesses.length > 0 ? 1 : 0);
  assert.equal((await strata('info', '-f', '{{.Driver}}')).stderr, '');
  for (const verb of [['run', '--rm'], ['run'], ['run', '-d'], ['create']]) {
    const { code, stdout, stderr } = await strata(
      ...verb,
      '--pid',
      'host',
      '--cap-add',
      'SYS_ADMIN',
      'busybox',
      'true',
    );
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /WARNING/);
    assert.equal(
      stderr.match(/^WARNING: --(pid host|cap-add SYS_ADMIN): .*runc/gm)?.length ?? 0,
      weaknesses.length > 0 ? 2 : 0,
    );
  }
});
