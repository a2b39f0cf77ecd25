import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SpoolFile, spool } from '../../../src/content/spool-file.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { createRandom } from '../../helpers/random.ts';

test('a stream is written whole, and its pieces may be written over', async (context) => {
  const path = join(temporaryFolder(context), 'blob');
  const bytes = createRandom(1).bytes(300_000);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    const piece = Buffer.alloc(100_000);
    for (let at = 0; at < bytes.length; at += piece.length) {
      piece.set(bytes.subarray(at, at + piece.length));
      yield piece;
    }
    yield new Uint8Array(0);
  }
  assert.equal(await spool(pieces(), path), bytes.length);
  assert.deepEqual(readFileSync(path), Buffer.from(bytes));
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a name that is taken is left alone', async (context) => {
  const path = join(temporaryFolder(context), 'blob');
  writeFileSync(path, 'mine');
  await assert.rejects(SpoolFile.create(path), { errno: 17, syscall: 'open', path });
  assert.equal(readFileSync(path, 'utf8'), 'mine');
});

test('a failure of the stream is not reported as one of the disk', async (context) => {
  const path = join(temporaryFolder(context), 'blob');
  const full = Object.assign(new Error('there, not here'), { code: 'ENOSPC', errno: -28, syscall: 'read' });
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1);
    throw full;
  }
  await assert.rejects(spool(failing(), path), full);
});
