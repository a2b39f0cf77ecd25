import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { headBytes, isArchive, looksLikeArchive } from '../../../src/builder/archive/unpack-archive.ts';
import { dir, file, globalPax, gnuLongName, pax, raw, tar } from '../../helpers/tar-builder.ts';

const never = { signal: new AbortController().signal };

async function* inPieces(bytes: Uint8Array, length = 700): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

const long = 'n'.repeat(150);
const archives: Readonly<Record<string, Uint8Array>> = {
  'a file': tar(file('f', 'x')),
  'a folder': tar(dir('d')),
  'PAX first': tar(pax({ path: long }), file('f')),
  'a long name of GNU first': tar(gnuLongName(long), file('f')),
  'a global header first': tar(globalPax({ comment: 'x' }), file('f')),
  'no end': file('f', 'x'.repeat(2000)).subarray(0, 1024),
};
const others: Readonly<Record<string, Uint8Array>> = {
  nothing: new Uint8Array(0),
  'a Dockerfile': Buffer.from('FROM scratch\n'),
  'a long Dockerfile': Buffer.from(`FROM scratch\n${'# comment\n'.repeat(200)}`),
  zeros: new Uint8Array(2048),
  'half a header': file('f').subarray(0, 300),
  'a header with another checksum': tar(file('f', '', { checksum: 1 })),
  noise: Uint8Array.from({ length: 3000 }, (_, at) => (at * 7919) % 251),
};

for (const [what, bytes] of Object.entries(archives)) {
  test(`${what}: an archive, compressed or not`, async () => {
    assert.equal(await isArchive(inPieces(bytes), never), true);
    assert.equal(await isArchive(inPieces(gzipSync(bytes)), never), true);
    assert.equal(looksLikeArchive(bytes.subarray(0, headBytes)), true);
  });
}

for (const [what, bytes] of Object.entries(others)) {
  test(`${what}: no archive`, async () => {
    assert.equal(await isArchive(inPieces(bytes), never), false);
    assert.equal(await isArchive(inPieces(gzipSync(bytes)), never), false);
    assert.equal(looksLikeArchive(bytes.subarray(0, headBytes)), false);
  });
}

test('compressed content counts as an archive only if a tar is inside', async () => {
  const compressed = gzipSync(raw('text'));
  assert.equal(looksLikeArchive(compressed), true);
  assert.equal(await isArchive(inPieces(compressed), never), false);
});

test('only the beginning of a large file is read', async () => {
  let read = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (; ; read++) yield new Uint8Array(1 << 16).fill(0x41);
  }
  assert.equal(await isArchive(endless(), never), false);
  assert.ok(read < 5, `${read} pieces`);
});
