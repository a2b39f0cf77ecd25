// A container that is being paused by a killed process goes on, tested with a scripted runtime.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pauseContainer } from '../../../src/containers/pause-container.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { until } from '../../helpers/until.ts';

const source = join(import.meta.dirname, '../../../src/containers/pause-container.ts');

/** Makes a runtime that records its actions; `pause` ends once the file `go` exists. */
function slowRuntime(folder: string): { readonly place: Parameters<typeof pauseContainer>[0]; done: () => string } {
  const runtime = join(folder, 'runtime');
  const script = `#!/bin/sh
cd '${folder}'
case $4 in
state) echo '{"status":"running"}'; exit ;;
pause) : >begun; while [ ! -e go ]; do sleep 0.01; done ;;
esac
echo "$4" >>done
if [ -e broken ]; then echo 'no freezer' >&2; exit 3; fi
`;
  writeFileSync(runtime, script, { mode: 0o755 });
  mkdirSync(join(folder, 'one'));
  const done = (): string => (existsSync(join(folder, 'done')) ? readFileSync(join(folder, 'done'), 'utf8') : '');
  return { place: { runtime, runtimeArgs: ['--debug'], runtimeRoot: folder }, done };
}

test('a container that is frozen after its pauser was killed goes on', async (t) => {
  const folder = temporaryFolder(t);
  const { place, done } = slowRuntime(folder);
  const program = `import { pauseContainer } from ${JSON.stringify(source)};
    await pauseContainer(${JSON.stringify(place)}, 'one');`;
  const pauser = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
  await until(
    () => existsSync(join(folder, 'begun')),
    () => 'the runtime is never called',
  );
  pauser.kill('SIGKILL');
  await once(pauser, 'close');
  // Time for a wrong unpause before the pause has ended.
  await sleep(200);
  writeFileSync(join(folder, 'go'), '');
  await until(
    () => done().split('\n').length > 2,
    () => `the runtime has done: ${done()}`,
  );
  assert.equal(done(), 'pause\nresume\n');
});

test('an abort while the runtime freezes lets the container go on', async (t) => {
  const folder = temporaryFolder(t);
  const { place, done } = slowRuntime(folder);
  const controller = new AbortController();
  const pausing = pauseContainer(place, 'one', { signal: controller.signal });
  await until(
    () => existsSync(join(folder, 'begun')),
    () => 'the runtime is never called',
  );
  controller.abort(new Error('no more'));
  writeFileSync(join(folder, 'go'), '');
  await assert.rejects(pausing, { message: 'no more' });
  assert.equal(done(), 'pause\nresume\n');
});

test('a container that cannot be frozen is reported in the words of the runtime', async (t) => {
  const folder = temporaryFolder(t);
  const { place, done } = slowRuntime(folder);
  for (const name of ['go', 'broken']) writeFileSync(join(folder, name), '');
  await assert.rejects(pauseContainer(place, 'one'), {
    code: 'ERR_CONTAINER_PAUSE',
    message: /exit code 3: no freezer$/,
  });
  assert.equal(done(), 'pause\nresume\n');
});
