import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import zlib from 'node:zlib';
import { compressGzip } from '../../../src/archive/compression/compress-gzip.ts';
import { compressZstd } from '../../../src/archive/compression/compress-zstd.ts';
import { createInflater } from '../../../src/archive/compression/create-inflater.ts';
import { decompress } from '../../../src/archive/compression/decompress.ts';
import { detectCompression } from '../../../src/archive/compression/detect.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { libdeflateCompressor } from '../../../src/sys/deflate/libdeflate.ts';
import { nativeDecoders } from '../../../src/sys/inflate/native-decoders.ts';
import { needs } from '../../helpers/needs.ts';

const noise = Buffer.concat(Array.from({ length: 2000 }, (_, i) => createHash('sha256').update(`${i}`).digest()));
const text = Buffer.from(Array.from({ length: 12_000 }, (_, i) => `entry ${(i * 7919) % 5003} of a tar\n`).join(''));
const data = Buffer.concat([text, noise, Buffer.alloc(300_000), text]);

const filter = (file: string, args: readonly string[], input: Uint8Array): Buffer =>
  execFileSync(file, args, { input, maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'pipe'] });

// Chunks of odd lengths that grow and shrink, so that frames and members are cut at many positions.
async function* stream(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 1; at < bytes.length; turn = (turn * 31) % 4099) {
    const length = 1 + turn * 17;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

async function tryDecompress(bytes: Uint8Array): Promise<Buffer | string> {
  try {
    return Buffer.concat(await Array.fromAsync(decompress(stream(bytes))));
  } catch (error) {
    if (isStrataError(error)) return error.code;
    throw error;
  }
}

async function tryInflate(bytes: Uint8Array): Promise<Buffer | string> {
  const chunks: Buffer[] = [];
  const collect = (chunk: Uint8Array): void => void chunks.push(Buffer.from(chunk));
  using inflater = createInflater(detectCompression(bytes), nativeDecoders);
  try {
    for await (const piece of stream(bytes)) inflater.write(piece, collect);
    inflater.finish(collect);
    return Buffer.concat(chunks);
  } catch (error) {
    if (isStrataError(error)) return error.code;
    throw error;
  }
}

async function expectBoth(bytes: Uint8Array, expected: Buffer | string): Promise<void> {
  for (const result of [await tryDecompress(bytes), await tryInflate(bytes)]) {
    if (typeof expected === 'string') assert.equal(result, expected);
    else assert.ok(expected.equals(result as Buffer), typeof result === 'string' ? result : 'other content');
  }
}

const commands: readonly (readonly [string, ...string[]])[] = [
  ['gzip', '-1'],
  ['gzip', '-9'],
  ['gzip', '--rsyncable'],
  ['pigz', '-p2'],
  ['pigz', '-p2', '--independent', '-b', '128'],
  ['igzip', '-0'],
  ['igzip', '-3'],
  ['zstd', '-1'],
  ['zstd', '-3'],
  ['zstd', '-19'],
  ['zstd', '--ultra', '-22'],
  ['zstd', '--fast=5'],
  ['zstd', '--long=27'],
  ['zstd', '--no-content-size'],
  ['zstd', '--no-check'],
  ['zstd', '-T2', '-B262144'],
  ['zstd', '--rsyncable'],
  ['zstd', '-3', `--stream-size=${data.length}`],
];

suite('output of other compression programs', () => {
  for (const [file, ...args] of commands) {
    test([file, ...args].join(' '), { skip: needs(file) }, async () => {
      const bytes = filter(file, [...args, '-c'], data);
      await expectBoth(bytes, data);
      await expectBoth(Buffer.concat([bytes, filter(file, ['-c'], text), bytes]), Buffer.concat([data, text, data]));
      await expectBoth(bytes.subarray(0, -1), 'ERR_COMPRESSION_TRUNCATED');
      await expectBoth(Buffer.concat([bytes, Buffer.from('junk')]), 'ERR_COMPRESSION_CORRUPT');
    });
  }

  test('pzstd with many frames, a skippable one before each, is read', { skip: needs('pzstd') }, async () => {
    const bytes = filter('pzstd', ['-p', '2', '-1', '-c'], Buffer.concat([data, data, data, data]));
    assert.ok(bytes.indexOf(Buffer.from([0x50, 0x2a, 0x4d, 0x18])) >= 0);
    await expectBoth(bytes, Buffer.concat([data, data, data, data]));
  });

  test('zstd --long=28 is refused by its window, -D by its dictionary', { skip: needs('zstd') }, async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'strata-zstd-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const samples = Array.from({ length: 200 }, (_, i) => {
      const name = join(folder, `s${i}`);
      writeFileSync(name, text.subarray(i * 500, i * 500 + 700));
      return name;
    });
    const dictionary = join(folder, 'dictionary');
    execFileSync('zstd', ['-q', '--train', ...samples, '--maxdict=4096', '-o', dictionary], { stdio: 'ignore' });
    await expectBoth(filter('zstd', ['-D', dictionary, '-c'], data), 'ERR_COMPRESSION_DICTIONARY');
    await expectBoth(filter('zstd', ['--long=28', '-c'], data), 'ERR_COMPRESSION_WINDOW');
  });

  for (const args of [['-0'], ['-6'], ['-9'], ['-T2', '--block-size=262144'], ['--check=none']]) {
    test(`xz ${args.join(' ')}`, { skip: needs('xz') }, async () => {
      const bytes = filter('xz', [...args, '-c'], data);
      assert.ok(data.equals((await tryDecompress(bytes)) as Buffer));
      assert.ok(Buffer.concat([data, data]).equals((await tryDecompress(Buffer.concat([bytes, bytes]))) as Buffer));
      for (const bad of [bytes.subarray(0, -5), Buffer.concat([bytes, Buffer.from('junk')])]) {
        assert.equal(await tryDecompress(bad), 'ERR_COMPRESSION_CORRUPT');
      }
    });
  }

  test('xz with a dictionary of 4 GiB is refused by its memory', { skip: needs('xz') }, async () => {
    const bytes = filter('xz', ['-0', '-c'], text);
    // Block header at 12: its size, flags, the filter LZMA2 (0x21) with one byte of properties, and a CRC-32 at its
    // end.
    const headerBytes = (bytes[12]! + 1) * 4;
    const filterAt = bytes.indexOf(Buffer.from([0x21, 0x01]), 12);
    assert.ok(filterAt > 0 && filterAt < 12 + headerBytes);
    bytes[filterAt + 2] = 40;
    bytes.writeUInt32LE(zlib.crc32(bytes.subarray(12, 12 + headerBytes - 4)), 12 + headerBytes - 4);
    assert.equal(await tryDecompress(bytes), 'ERR_COMPRESSION_WINDOW');
  });

  for (const level of ['-1', '-9']) {
    test(`bzip2 ${level}`, { skip: needs('bzip2') }, async () => {
      const bytes = filter('bzip2', [level, '-c'], data);
      assert.ok(data.equals((await tryDecompress(bytes)) as Buffer));
      assert.ok(Buffer.concat([data, data]).equals((await tryDecompress(Buffer.concat([bytes, bytes]))) as Buffer));
      for (const bad of [bytes.subarray(0, -5), Buffer.concat([bytes, Buffer.from('junk')])]) {
        assert.equal(await tryDecompress(bad), 'ERR_COMPRESSION_CORRUPT');
      }
    });
  }
});

suite("output of Strata's own compression", () => {
  const readers: readonly (readonly [string, ...string[]])[] = [
    ['gzip', '-dc'],
    ['pigz', '-dc'],
    ['igzip', '-dc'],
  ];
  for (const [file, ...args] of readers) {
    test(`gzip is read by ${file}`, { skip: needs(file) }, async () => {
      for (const content of [data, Buffer.alloc(0), noise.subarray(0, 131_072)]) {
        for (const native of [[], [libdeflateCompressor]]) {
          const options = { blockBytes: 65_536, native };
          const bytes = Buffer.concat(await Array.fromAsync(compressGzip(stream(content), options)));
          if (file !== 'igzip') filter(file, ['-t'], bytes);
          assert.ok(filter(file, args, bytes).equals(content));
        }
      }
    });
  }

  test('zstd is read by zstd', { skip: needs('zstd') }, async () => {
    for (const content of [data, Buffer.alloc(0)]) {
      const bytes = Buffer.concat(await Array.fromAsync(compressZstd(stream(content))));
      filter('zstd', ['-t'], bytes);
      assert.ok(filter('zstd', ['-dc'], bytes).equals(content));
    }
  });
});
