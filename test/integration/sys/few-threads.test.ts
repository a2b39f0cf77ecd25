// No thread can be started: code that can do without one does, and other code reports it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { removeControlGroup } from '../../../src/sys/control-groups.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { pidsTop } from '../../helpers/control-group-tops.ts';
import { needs } from '../../helpers/needs.ts';

const skip = needs('root') || (pidsTop === undefined && 'no control groups that count processes');

test('nothing waits for a thread that cannot be started', { skip }, async (context) => {
  const name = `/strata-test-${process.pid}-threads`;
  const group = join(pidsTop!, name);
  mkdirSync(group);
  context.after(() => removeControlGroup(name));
  const program = join(import.meta.dirname, 'few-threads.fixture.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, group, temporaryFolder(context)], {
    timeout: 60_000,
  });
  const { layers, again, ...others } = JSON.parse(stdout) as Record<'layers' | 'again', unknown>;
  assert.deepEqual(others, { written: ['done'], thread: 'ERR_SYSCALL_UNAVAILABLE', offered: true });
  assert.deepEqual(
    layers,
    Array.from({ length: 20 }, () => 'ERR_SYSCALL_UNAVAILABLE'),
  );
  assert.notEqual(again, 'ERR_SYSCALL_UNAVAILABLE');
});
