// Remains of a runtime that was killed, and of one that goes on without its killed supervisor.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { forgetInRuntime } from '../../../src/containers/runtime/runtime-commands.ts';
import { bundleOf } from '../../../src/engine/containers/state/locations.ts';
import { clearRun } from '../../../src/engine/containers/state/run-resources.ts';
import { runtimeRootOf } from '../../../src/store/layout.ts';
import type { Store } from '../../../src/store/store.ts';
import { bindMount } from '../../../src/sys/bind-mount.ts';
import { tryLockFile } from '../../../src/sys/flock.ts';
import { unmountIfMounted } from '../../../src/sys/mount.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { defaultConfiguration } from '../../helpers/default-configuration.ts';
import { needs } from '../../helpers/needs.ts';
import { recordsOf } from '../../helpers/store-places.ts';
import { testStore } from '../../helpers/test-store.ts';

test('a copy of itself that a runtime had just mounted is removed with its state', {
  skip: needs('root'),
}, async (t) => {
  const runtimeRoot = temporaryFolder(t, 'runtime');
  const copy = join(runtimeRoot, 'one/runc.a1B2c3');
  mkdirSync(join(runtimeRoot, 'one'));
  writeFileSync(copy, '');
  bindMount(process.execPath, copy);
  try {
    await forgetInRuntime({ runtime: '/nowhere', runtimeArgs: [], runtimeRoot }, 'one', '/strata/nobody');
    assert.equal(existsSync(join(runtimeRoot, 'one')), false);
  } finally {
    unmountIfMounted(copy, { lazy: true });
  }
});

test('a runtime whose supervisor was killed is waited for, and its state is removed', {
  skip: needs('root', 'overlay', 'runc', 'conmon', 'busybox'),
}, async (t) => {
  const { layout } = await testStore(t, { busybox: 'busybox' });
  using metadata = recordsOf({ layout });
  const id = 'a'.repeat(64);
  const bundle = bundleOf(layout, id);
  const state = join(runtimeRootOf(layout), id);
  mkdirSync(bundle.directory, { recursive: true });
  const lock = openSync(bundle.lock, 'w');
  assert.ok(tryLockFile(lock));
  const looks = openSync(bundle.lock, 'r');
  // The runtime creates its state a while later, and ends when that is removed.
  const script = 'sleep 0.5; mkdir -p "$0"; while [ -d "$0" ]; do sleep 0.02; done';
  const runtime = spawn('/bin/sh', ['-c', script, state], { stdio: ['ignore', 'ignore', 'inherit', lock] });
  t.after(() => runtime.kill('SIGKILL'));
  closeSync(lock);
  const store = { layout, metadata, configuration: defaultConfiguration } as Store;
  await clearRun({ store, id, supervisor: undefined });
  const isFree = tryLockFile(looks);
  closeSync(looks);
  assert.ok(isFree, 'it has ended');
  assert.deepEqual([existsSync(state), existsSync(bundle.directory)], [false, false]);
});
