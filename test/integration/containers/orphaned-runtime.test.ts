// What a runtime leaves whose first process was killed.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { forgetInRuntime } from '../../../src/containers/runtime/runtime-commands.ts';
import { bindMount } from '../../../src/sys/bind-mount.ts';
import { unmountIfMounted } from '../../../src/sys/mount.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { needs } from '../../helpers/needs.ts';

test('the copy of itself that a runtime had only just mounted is no obstacle', { skip: needs('root') }, async (t) => {
  const runtimeRoot = temporaryFolder(t, 'runtime');
  const copy = join(runtimeRoot, 'one/runc.a1B2c3');
  mkdirSync(join(runtimeRoot, 'one'));
  writeFileSync(copy, '');
  bindMount(process.execPath, copy);
  t.after(() => unmountIfMounted(copy, { lazy: true }));
  await forgetInRuntime({ runtime: '/nowhere', runtimeRoot }, 'one', '/strata/nobody');
  assert.equal(existsSync(join(runtimeRoot, 'one')), false);
});
