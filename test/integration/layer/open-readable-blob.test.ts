import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openReadableBlob } from '../../../src/layer/apply/open-readable-blob.ts';
import { errnoOf } from '../../../src/sys/errno.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { needs, output } from '../../helpers/needs.ts';
import { unmount } from '../../helpers/unmount.ts';

const pageBytes = 4096;

test('a blob is expanded whole or not at all on a full disk', {
  skip: needs('root', 'xz'),
}, async (context) => {
  const folder = temporaryFolder(context);
  const content = Buffer.alloc(40 * pageBytes, 'x');
  const blobPath = join(folder, 'blob');
  writeFileSync(blobPath, execFileSync('xz', ['-c'], { input: content }));
  const source = { blobPath, sizeBytes: statSync(blobPath).size };
  for (const pages of [39, 38, 5, 41]) {
    const disk = temporaryFolder(context);
    output('mount', '-t', 'tmpfs', '-o', `size=${pages * pageBytes}`, 'tmpfs', disk);
    try {
      const blob = openReadableBlob(source, join(disk, 'index'), {});
      if (pages > 40) assert.equal((await blob).sizeBytes, content.length);
      else {
        await assert.rejects(blob, (error) => errnoOf(error) === 'ENOSPC', `${pages} pages`);
        assert.deepEqual(readdirSync(disk), []);
      }
    } finally {
      unmount(disk);
    }
  }
});
