import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunOp } from '../../../src/builder/ops/run-op.ts';
import { startFailure } from '../../../src/containers/runtime/start-failure.ts';
import { isStrataError } from '../../../src/errors/index.ts';

const { signal } = new AbortController();
const log = { write: (): void => undefined } as never;

/** Returns the hint of a RUN whose container does not start, with this message of the runtime. */
async function hintOf(message: string): Promise<string | undefined> {
  const op = new RunOp({
    args: ['x'],
    env: [],
    proxies: [],
    user: '',
    workingDirectory: '/',
    network: 'none',
    scripts: {},
    line: 2,
    platform: { os: 'linux', architecture: 'amd64' },
    runner: {
      run: () => {
        throw startFailure('', message);
      },
    },
    workspace: {
      run: async (_parentId, change) => {
        await change([]);
        throw new Error('the step did not fail');
      },
    },
  });
  const { exec } = await op.key([]);
  const error = await exec({ signal, log }).catch((failure: unknown) => failure);
  assert.ok(isStrataError(error, 'ERR_RUN_FAILED'), String(error));
  return error.hint;
}

test('only a missing program is to be installed or corrected', async () => {
  const install = 'Install the program in a step before, build on an image that has it, or correct its name.';
  assert.equal(await hintOf('exec: "x": executable file not found in $PATH'), install);
  assert.equal(await hintOf('exec: "/x": stat /x: no such file or directory'), install);
  assert.match((await hintOf('error mounting "/x" to rootfs: no such file or directory')) ?? '', /from the runtime/);
  assert.match(
    (await hintOf('openat2 /sys/fs/cgroup/a/cpuset.cpus: no such file or directory')) ?? '',
    /no controller/,
  );
});
