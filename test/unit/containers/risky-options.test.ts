import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostOptions } from '../../../src/containers/host-options.ts';
import { riskyOptions, warningsFor } from '../../../src/containers/risky-options.ts';
import { weaknessesOf } from '../../../src/containers/runtime/runtime.ts';

const risky: readonly (readonly [HostOptions, readonly HostOptions[], readonly string[]])[] = [
  [{}, [], []],
  [{ CapAdd: ['NET_ADMIN', 'sys_admin', 'CAP_ALL'] }, [], ['--cap-add sys_admin', '--cap-add CAP_ALL']],
  [{ Privileged: true, PidMode: 'host', IpcMode: 'host' }, [], ['--privileged', '--pid host', '--ipc host']],
  [{ SecurityOpt: ['seccomp=unconfined', 'no-new-privileges'] }, [], ['--security-opt seccomp=unconfined']],
  [{ MaskedPaths: [], ReadonlyPaths: [] }, [], ['--security-opt systempaths=unconfined']],
  [{ Binds: ['/srv:/srv'] }, [{}, { Binds: ['/other:/srv', '/srvx:/x'] }], []],
  [{ Binds: ['/srv:/srv:ro'] }, [{ Binds: ['/srv:/x'] }], []],
  [{ Binds: ['/srv:/srv'] }, [{ Binds: ['/srv:/x:ro'] }], []],
  [{ Binds: ['/srv:/a'] }, [{ Binds: ['/srv/b:/x'] }], ['-v /srv:/a, which another running container writes to']],
  [
    { Mounts: [{ Type: 'bind', Source: '/srv/b', Target: '/a' }] },
    [{ Binds: ['/srv:/x'] }],
    ['-v /srv/b:/a, which another running container writes to'],
  ],
  [{ Binds: ['/srv:/a:rshared'] }, [], ['-v /srv:/a:rshared']],
];
for (const [host, others, expected] of risky) {
  test(`${JSON.stringify(host)} beside ${others.length}: ${expected.length} to warn of`, () => {
    assert.deepEqual(riskyOptions(host, others), expected);
  });
}

test('a weak runtime is warned of, a newer one is not', () => {
  const of = (version: string): string[] =>
    warningsFor(['--pid host'], { version, weaknesses: weaknessesOf(version, version) });
  assert.deepEqual(of('1.3.3'), []);
  const [warning = '', ...more] = of('1.1.15');
  assert.deepEqual(more, []);
  assert.match(warning, /^--pid host: .*runc 1\.1\.15 .*CVE-2025-31133, CVE-2025-52565, CVE-2025-52881/);
});
