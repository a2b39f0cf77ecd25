import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { compressionProbeBytes, detectCompression } from '../../../../src/archive/compression/detect.ts';
import type { CompressionFormat } from '../../../../src/archive/compression/types.ts';
import { fc } from '../../../helpers/properties.ts';

const bzip2 = [0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59];

const cases: readonly (readonly [string, readonly number[] | string, CompressionFormat])[] = [
  ['gzip', [0x1f, 0x8b, 0x08, 0x00], 'gzip'],
  ['gzip, just its magic', [0x1f, 0x8b, 0x08], 'gzip'],
  ['compress(1), which shares the first byte', [0x1f, 0x9d, 0x90], 'none'],
  ['gzip magic with another method', [0x1f, 0x8b, 0x00], 'none'],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd], 'zstd'],
  ['zstd behind the first skippable magic', [0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0], 'zstd'],
  ['zstd behind the last skippable magic', [0x5f, 0x2a, 0x4d, 0x18], 'zstd'],
  ['no skippable magic', [0x60, 0x2a, 0x4d, 0x18], 'none'],
  ['zstd of version 0.7', [0x27, 0xb5, 0x2f, 0xfd], 'none'],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], 'xz'],
  ['xz without its NUL', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x01], 'none'],
  ['bzip2', bzip2, 'bzip2'],
  ['bzip2 of nothing', [0x42, 0x5a, 0x68, 0x31, 0x17, 0x72, 0x45, 0x38, 0x50, 0x90], 'bzip2'],
  ['bzip2 with level 0', [...bzip2.slice(0, 3), 0x30, ...bzip2.slice(4)], 'none'],
  ['a tar whose first name is BZh9.txt', 'BZh9.txt\0\0\0\0', 'none'],
  ['a tar', 'etc/passwd', 'none'],
  ['zeros', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 'none'],
  ['nothing', [], 'none'],
];

for (const [name, head, expected] of cases) {
  test(`compression of ${name}: ${expected}`, () => {
    assert.equal(detectCompression(typeof head === 'string' ? Buffer.from(head) : Uint8Array.from(head)), expected);
  });
}

test('fewer bytes than the magic never name a format, and more than the probe never change it', () => {
  for (const [, head, expected] of cases) {
    const bytes = typeof head === 'string' ? Buffer.from(head) : Uint8Array.from(head);
    for (let length = 0; length < bytes.length; length++) {
      const short = detectCompression(bytes.subarray(0, length));
      assert.ok(short === 'none' || short === expected);
    }
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      assert.equal(detectCompression(bytes), detectCompression(bytes.subarray(0, compressionProbeBytes)));
    }),
  );
});
