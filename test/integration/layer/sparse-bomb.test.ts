import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { applyOnto } from '../../../src/layer/index.ts';
import { needs } from '../../helpers/needs.ts';
import { entry, tar } from '../../helpers/tar-builder.ts';

// Beside the other hostile layers, which live on tmpfs: that would take a file of this size.
test('A25 a sparse bomb of a pebibyte is refused by the filesystem', { skip: needs('root') }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-bomb-'));
  context.after(() => rmSync(folder, { recursive: true }));
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
  const blobPath = join(folder, 'layer.tar');
  const rootDir = join(folder, 'root');
  mkdirSync(rootDir);
  writeFileSync(blobPath, bytes);
  const source = { blobPath, sizeBytes: bytes.length };
  await assert.rejects(applyOnto({ source, rootDir, indexPath: join(folder, 'index') }), (error) =>
    isStrataError(error, 'ERR_LAYER_ENTRY_INVALID'),
  );
});
