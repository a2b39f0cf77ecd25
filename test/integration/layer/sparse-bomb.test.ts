import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { applyOnto } from '../../../src/layer/index.ts';
import { mountLoopFilesystem } from '../../helpers/loop-filesystem.ts';
import { needs } from '../../helpers/needs.ts';
import { entry, tar } from '../../helpers/tar-builder.ts';

// Not a tmpfs, which takes a file of this size: the other hostile layers are on one, and /tmp may be.
const skip = needs('root', 'loop', 'mkfs.ext4');

test('A25 a sparse bomb of a pebibyte is refused by the filesystem', { skip }, async () => {
  using disk = mountLoopFilesystem(['mkfs.ext4', '-q']);
  const bytes = tar(
    entry('s', '', {
      typeflag: '0',
      pax: {
        'GNU.sparse.major': '0',
        'GNU.sparse.minor': '1',
        'GNU.sparse.numblocks': '1',
        'GNU.sparse.map': '1125899906842624,0',
        'GNU.sparse.size': '1125899906842624',
      },
    }),
  );
  const blobPath = join(disk.path, 'layer.tar');
  const rootDir = join(disk.path, 'root');
  mkdirSync(rootDir);
  writeFileSync(blobPath, bytes);
  const source = { blobPath, sizeBytes: bytes.length };
  await assert.rejects(applyOnto({ source, rootDir, indexPath: join(disk.path, 'index') }), (error) =>
    isStrataError(error, 'ERR_LAYER_ENTRY_INVALID'),
  );
});
