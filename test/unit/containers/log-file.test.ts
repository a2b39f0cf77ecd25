import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readLog } from '../../../src/containers/supervised/log-file.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';

test('a long log is left as soon as its reader is told to', async (context) => {
  const path = join(temporaryFolder(context), 'log');
  writeFileSync(path, '2026-01-01T00:00:00.000000000+00:00 stdout F y\n'.repeat(50_000));
  const told = new AbortController();
  const enough = new Error('enough');
  setImmediate(() => told.abort(enough));
  await assert.rejects(Array.fromAsync(readLog(path, { signal: told.signal })), enough);
  assert.equal((await Array.fromAsync(readLog(path))).length, 50_000);
});
