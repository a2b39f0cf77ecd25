import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFailure } from '../../../src/containers/runtime/start-failure.ts';

const group = '/sys/fs/cgroup/strata/0123';

// Messages of runc 1.1.5.
const cases: readonly (readonly [message: string, exitCode: number, hint: RegExp])[] = [
  ['exec: "gone": executable file not found in $PATH', 127, /no such program/],
  ['exec: "--rm": executable file not found in $PATH', 127, /options go before it/],
  ['exec: "-it": executable file not found in $PATH', 127, /options go before it/],
  ['exec: "/etc": permission denied', 126, /It is a directory, not marked as executable/],
  [
    'unable to apply cgroup configuration: cannot enter cgroupv2 "/sys/fs/cgroup/strata" with domain controllers -- it is in threaded mode',
    125,
    /topmost control group/,
  ],
  [
    `error during container init: error setting cgroup config for procHooks process: openat2 ${group}/cpuset.cpus: no such file or directory`,
    127,
    /no controller for this limit/,
  ],
  [
    'unable to apply cgroup configuration: mkdir /sys/fs/cgroup/cpuset/strata/0123: permission denied',
    126,
    /Containers need control groups/,
  ],
  [
    'unable to apply cgroup configuration: mkdir /sys/fs/cgroup/strata: read-only file system',
    125,
    /Containers need control groups/,
  ],
  ['error mounting "/x" to rootfs: no such file or directory', 127, /comes from the runtime/],
];

for (const [message, exitCode, hint] of cases) {
  test(`why a container did not start: ${message.slice(0, 60)}`, () => {
    const msg = `runc run failed: unable to start container process: ${message}`;
    const error = startFailure(`${JSON.stringify({ level: 'error', msg })}\n`, '');
    assert.equal(error.message, `container: ${message}`);
    assert.deepEqual(error.details, { exitCode });
    assert.match(error.hint ?? '', hint);
  });
}
