import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { errnoOf } from '../../../src/sys/errno.ts';
import { FilesystemFlush, syncFilesystem } from '../../../src/sys/syncfs.ts';
import { mountLosingDisk } from '../../helpers/losing-disk.ts';
import { openDescriptors, scratchDirectory } from './scratch-directory.ts';
import { throwsErrno } from './throws-errno.ts';

test('both forms flush a filesystem and leave nothing open', async (context) => {
  const { path } = scratchDirectory(context);
  const before = openDescriptors();
  writeFileSync(join(path, 'file'), 'x');
  await syncFilesystem(path);
  {
    using flush = new FilesystemFlush(path);
    await Promise.all([flush.flush(), flush.flush(), flush.flush()]);
  }
  assert.equal(openDescriptors(), before);
});

test('a missing directory is an error', async () => {
  await assert.rejects(syncFilesystem('/nonexistent'), (error) => isStrataError(error, 'ERR_PROGRAM_FAILED'));
  throwsErrno('ENOENT', () => new FilesystemFlush('/nonexistent'));
});

test('lost data is an error of the flush that counts, even after another flush had the error', async (context) => {
  const { path, mend } = mountLosingDisk(context);
  {
    using flush = new FilesystemFlush(path);
    await flush.flush();
    writeFileSync(join(path, 'large'), Buffer.alloc(20 << 20, 'x'));
    await assert.rejects(syncFilesystem(path), { code: 'ERR_PROGRAM_FAILED' }, 'another flush');
    // FilesystemFlush opens its descriptor beforehand: one that is opened now gets no error.
    await syncFilesystem(path);
    const isTold = (error: unknown): boolean => /^(EIO|ENOSPC)$/.test(errnoOf(error) ?? '');
    await assert.rejects(flush.flush(), isTold);
    mend();
    await assert.rejects(flush.flush(), isTold, 'it does not come back');
  }
});
