import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { syncFilesystem, syncFilesystemNow } from '../../../src/sys/syncfs.ts';
import { openDescriptors, scratchDirectory } from './scratch-directory.ts';
import { throwsErrno } from './throws-errno.ts';

test('both forms flush a filesystem and leave nothing open', async (context) => {
  const { path } = scratchDirectory(context);
  const before = openDescriptors();
  writeFileSync(join(path, 'file'), 'x');
  await syncFilesystem(path);
  syncFilesystemNow(path);
  assert.equal(openDescriptors(), before);
});

test('a directory that is not there is an error', async () => {
  await assert.rejects(syncFilesystem('/nonexistent'), (error) => isStrataError(error, 'ERR_PROGRAM_FAILED'));
  throwsErrno('ENOENT', () => syncFilesystemNow('/nonexistent'));
});
