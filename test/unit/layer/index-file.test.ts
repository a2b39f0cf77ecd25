import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { ByteReader } from '../../../src/layer/index-file/byte-reader.ts';
import { ByteWriter } from '../../../src/layer/index-file/byte-writer.ts';
import { decodeDirectory, encodeDirectory } from '../../../src/layer/index-file/directory-codec.ts';
import type { RecordFields } from '../../../src/layer/index-file/entry-record.ts';
import { IndexWriter } from '../../../src/layer/index-file/index-writer.ts';
import { LayerIndex } from '../../../src/layer/index-file/layer-index.ts';
import { PathList } from '../../../src/layer/index-file/path-list.ts';
import { decodeRecord, encodeRecord } from '../../../src/layer/index-file/record-codec.ts';
import { decodeRuns, RunCoder } from '../../../src/layer/index-file/run-coder.ts';
import { comparePaths, normalizePath } from '../../../src/layer/tree-path.ts';
import { concatBytes, displayBytes, utf8 } from '../../../src/lib/bytes.ts';
import type { DiffId } from '../../../src/spec/digest.ts';
import { fc } from '../../helpers/properties.ts';

const folder = mkdtempSync(join(tmpdir(), 'strata-index-'));
after(() => rmSync(folder, { recursive: true }));

const diffId = `sha256:${'ab'.repeat(32)}` as DiffId;
const ending = { diffId, tarSizeBytes: 10240, sizeBytes: 77, parentDependent: false };
const nothing = new Uint8Array(0);
const isCorrupt = (error: unknown): boolean => isStrataError(error, 'ERR_INDEX_CORRUPT');

function fields(path: string, more: Partial<RecordFields> = {}): RecordFields {
  return {
    kind: 'file',
    path: utf8(path),
    treePath: normalizePath(utf8(path)),
    typeflag: 0x30,
    mode: 0o644,
    uid: 0,
    gid: 0,
    sizeBytes: 0,
    storedSizeBytes: 0,
    mtime: { seconds: 0, nanoseconds: 0 },
    linkPath: nothing,
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: new Map(),
    body: 'none',
    xattrsStripped: false,
    ...more,
  };
}

function write(name: string, fill: (writer: IndexWriter) => void): string {
  const path = join(folder, name);
  using writer = new IndexWriter(path, new PathList());
  fill(writer);
  writer.finish(ending, { sync: true });
  writer.publish({ sync: true });
  return path;
}

test('numbers keep their value up to the largest safe integer', () => {
  const samples = [0, 1, 127, 128, 16383, 16384, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER];
  const out = new ByteWriter(1);
  for (const sample of samples) {
    out.number(sample);
    out.signedNumber(-sample);
  }
  const input = new ByteReader(out.take());
  for (const sample of samples) {
    assert.equal(input.number(), sample);
    assert.equal(input.signedNumber() + 0, -sample + 0);
  }
  assert.equal(input.left, 0);
});

test('a number beyond the safe integers, or one without an end, is damage', () => {
  assert.throws(() => new ByteReader(new Uint8Array(9).fill(0xff)).number(), isCorrupt);
  assert.throws(() => new ByteReader(new Uint8Array(2).fill(0x80)).number(), isCorrupt);
  assert.throws(() => new ByteReader(new Uint8Array([5, 1])).bytes(), isCorrupt);
});

test('runs give any bytes back, and zeros cost next to nothing', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 9000 }),
    fc.integer({ max: 20000, min: 0 }).map((n) => new Uint8Array(n)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const out = new ByteWriter();
      const coder = new RunCoder(out);
      for (const chunk of pieces) coder.add(chunk);
      coder.finish();
      const all = concatBytes(pieces);
      assert.deepEqual(concatBytes([...decodeRuns(new ByteReader(out.take()), all.length)]), all);
    }),
    { numRuns: 60 },
  );
  const out = new ByteWriter();
  const coder = new RunCoder(out);
  for (let at = 0; at < 100; at++) assert.equal(coder.add(new Uint8Array(1 << 20)), 0);
  coder.finish();
  assert.ok(out.length < 10);
});

test('every field of a record comes back', () => {
  const time = fc.record(
    {
      seconds: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
      nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
    },
    { noNullPrototype: true },
  );
  const name = fc.stringMatching(/^[a-z.]{1,6}$/).filter((text) => !/^\.+$/.test(text));
  const record = fc.record({
    path: fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => `./${parts.join('/')}`),
    kind: fc.constantFrom(
      'file',
      'directory',
      'symlink',
      'hardlink',
      'character-device',
      'fifo',
      'whiteout',
      'opaque' as const,
    ),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 2 ** 32 }),
    mtime: time,
    size: fc.integer({ min: 0, max: 2 ** 50 }),
    xattrs: fc.dictionary(fc.stringMatching(/^user\.[a-z\xff]{1,5}$/), fc.uint8Array({ maxLength: 20 })),
  });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 40 }), (records) => {
      const written = records.map(({ path, size, xattrs, ...rest }) =>
        fields(path, {
          ...rest,
          treePath: rest.kind === 'whiteout' ? utf8('hidden') : normalizePath(utf8(path)),
          gid: 7,
          linkPath: rest.kind === 'symlink' || rest.kind === 'hardlink' ? utf8('target/x') : nothing,
          sizeBytes: size,
          storedSizeBytes: size,
          xattrs: new Map(Object.entries(xattrs)),
          body: size === 0 ? 'none' : 'tree',
        } as Partial<RecordFields>),
      );
      const path = write('fields.idx', (writer) => {
        for (const one of written) {
          writer.begin(utf8('header'));
          writer.end(one, new Uint8Array((512 - (one.storedSizeBytes % 512)) % 512));
        }
      });
      using index = LayerIndex.open(path);
      const read = [...index.records()];
      assert.equal(read.length, written.length);
      let offset = 0;
      for (const [ordinal, one] of written.entries()) {
        const got = read[ordinal]!;
        assert.deepEqual(
          { ...got, sparse: undefined },
          {
            ...one,
            sparse: undefined,
            ordinal,
            offset,
            headerBytes: 6,
            paddingBytes: (512 - (one.storedSizeBytes % 512)) % 512,
            shadowed: false,
          },
        );
        offset += 6 + one.storedSizeBytes + got.paddingBytes;
      }
      const sorted = [...index.paths()].map((entry) => entry.path);
      assert.deepEqual(sorted, sorted.toSorted(comparePaths));
      assert.equal(sorted.length, written.length);
    }),
    { numRuns: 40 },
  );
});

test('a large index is looked up by path without reading it all', () => {
  const count = 20_000;
  const path = write('large.idx', (writer) => {
    for (let at = 0; at < count; at++) {
      // Names are neither sorted nor within one block.
      const number = (at * 7919) % count;
      writer.begin(new Uint8Array(512).fill(number & 0xff));
      writer.end(fields(`d${number % 100}/file-${number}`, { uid: number }), nothing);
    }
  });
  using index = LayerIndex.open(path);
  assert.equal(index.summary.entries, count);
  for (const number of [0, 1, 99, 4711, count - 1]) {
    assert.equal(index.find(utf8(`d${number % 100}/file-${number}`))?.uid, number);
  }
  assert.equal(index.find(utf8('d0/none')), undefined);
  assert.equal(index.find(utf8('zzz')), undefined);
  assert.equal(index.record(count), undefined);
  const inside = [...index.paths(utf8('d42'))].map((entry) => displayBytes(entry.path));
  assert.equal(inside.length, count / 100);
  assert.ok(inside.every((place) => place.startsWith('d42/')));
  const fifth = index.record(5);
  assert.equal(fifth?.uid, (5 * 7919) % count);
  assert.equal(fifth?.offset, 5 * 512);
});

test('bodies, odd fill and the trailer are kept; a lookup sees the last of several', () => {
  const body = utf8('kept body');
  const path = write('kept.idx', (writer) => {
    writer.begin(utf8('h1'));
    writer.end(fields('a/x', { storedSizeBytes: 4, sizeBytes: 4, body: 'tree' }), nothing);
    writer.begin(utf8('h2'));
    writer.keep(body);
    writer.end(
      fields('a/.wh.y', { kind: 'whiteout', treePath: utf8('a/y'), storedSizeBytes: body.length, body: 'index' }),
      utf8('junk'),
    );
    writer.replace(0, [utf8('old!')]);
    writer.begin(utf8('h3'));
    writer.end(fields('a/x', { uid: 5 }), nothing);
    writer.trailer(new Uint8Array(1024));
    writer.trailer(utf8('end'));
  });
  using index = LayerIndex.open(path);
  assert.equal(index.summary.remakeable, true);
  const [first, second, third] = [...index.recordSpans()];
  assert.ok(first && second && third);
  assert.equal(first.record.shadowed, true);
  assert.equal(first.record.body, 'index');
  const runs = (offset: number, length: number, total: number): string =>
    displayBytes(concatBytes([...decodeRuns(new ByteReader(index.rawBytes(offset, length)), total)]));
  assert.equal(runs(first.saved?.offset ?? 0, first.saved?.bodyBytes ?? 0, 4), 'old!');
  assert.equal(displayBytes(index.rawBytes(second.span.offset, 2)), 'h2');
  assert.equal(runs(second.span.offset + 2, second.span.bodyBytes, body.length), 'kept body');
  assert.equal(second.record.paddingBytes, 4);
  assert.equal(runs(second.span.offset + 2 + second.span.bodyBytes, second.span.paddingBytes, 4), 'junk');
  assert.equal(displayBytes(index.rawBytes(third.span.offset, 2)), 'h3');
  assert.equal(index.trailer.tarBytes, 1027);
  assert.equal(runs(index.trailer.rawOffset, index.trailer.codedBytes, 1027), `${'\0'.repeat(1024)}end`);
  assert.equal(index.find(utf8('a/x'))?.uid, 5);
  assert.equal(index.find(utf8('a/y'))?.kind, 'whiteout');
  assert.deepEqual(
    [...index.paths(utf8('a'))].map((entry) => entry.ordinal),
    [0, 2, 1],
  );
});

test('more than a mebibyte of bytes only the index has makes a layer not remakeable', () => {
  const random = new Uint8Array((1 << 20) + 1).fill(1);
  const path = write('lost.idx', (writer) => {
    writer.begin(utf8('h'));
    writer.keep(random);
    writer.end(fields('x', { kind: 'hardlink', storedSizeBytes: random.length, body: 'index' }), nothing);
    writer.begin(utf8('h'));
    writer.keep(utf8('more'));
    writer.end(fields('y', { kind: 'hardlink', storedSizeBytes: 4, body: 'index' }), nothing);
  });
  using index = LayerIndex.open(path);
  assert.equal(index.summary.remakeable, false);
  assert.deepEqual(
    [...index.records()].map((record) => record.body),
    ['lost', 'lost'],
  );
});

test('gigabytes of zeros at the end stay remakeable', () => {
  const zeros = new Uint8Array(1 << 20);
  const path = write('zeros.idx', (writer) => {
    for (let at = 0; at < 4096; at++) writer.trailer(zeros);
  });
  using index = LayerIndex.open(path);
  assert.equal(index.summary.remakeable, true);
  assert.equal(index.trailer.tarBytes, 4 * 2 ** 30);
  assert.ok(readFileSync(path).length < 300);
});

test('an empty layer has an index', () => {
  using index = LayerIndex.open(write('empty.idx', () => {}));
  assert.deepEqual([...index.records()], []);
  assert.deepEqual([...index.paths()], []);
  assert.deepEqual(index.summary, { ...ending, entries: 0, remakeable: true });
});

test('a writer that does not finish, or is not published, leaves no file', () => {
  const before = readdirSync(folder);
  {
    using writer = new IndexWriter(join(folder, 'gone.idx'));
    writer.begin(utf8('h'));
  }
  {
    using writer = new IndexWriter(join(folder, 'gone.idx'));
    writer.finish(ending);
  }
  assert.deepEqual(readdirSync(folder), before);
});

test('every damaged byte and every shorter file is noticed', () => {
  const path = write('damage.idx', (writer) => {
    for (const name of ['a', 'b', 'c/d']) {
      writer.begin(utf8(`header of ${name}`));
      writer.end(fields(name, { storedSizeBytes: 3, body: 'tree' }), utf8('x'));
    }
  });
  const good = readFileSync(path);
  const broken = join(folder, 'broken.idx');
  const readAll = (): void => {
    using index = LayerIndex.open(broken);
    for (const { record, span } of index.recordSpans()) index.rawBytes(span.offset, record.headerBytes);
    for (const entry of index.paths()) index.find(entry.path);
  };
  for (let at = 0; at < good.length; at++) {
    const bad = Buffer.from(good);
    bad[at]! ^= 0x41;
    writeFileSync(broken, bad);
    assert.throws(readAll, (error) => isCorrupt(error) || isStrataError(error, 'ERR_INDEX_VERSION'), `byte ${at}`);
  }
  for (let length = 0; length < good.length; length++) {
    writeFileSync(broken, good.subarray(0, length));
    assert.throws(readAll, isCorrupt, `${length} bytes`);
  }
});

test('a forged place leads nowhere', () => {
  for (const place of ['../x', 'a/../../x', 'a\0b']) {
    const path = write('forged.idx', (writer) => {
      writer.begin(utf8('h'));
      writer.end({ ...fields('x'), treePath: utf8(place) }, nothing);
    });
    using index = LayerIndex.open(path);
    assert.throws(() => [...index.records()], isCorrupt, place);
  }
});

test('reading ends with one error for any bytes of a block or a directory', () => {
  const out = new ByteWriter();
  const layout = { headerBytes: 512, paddingBytes: 3, rawGap: 7, codedBodyBytes: 9, codedPaddingBytes: 2 };
  const sparse = [
    { offset: 0, length: 5 },
    { offset: 100, length: 5 },
  ];
  const xattrs = new Map([['user.x', utf8('y')]]);
  encodeRecord(out, fields('a/b', { xattrs, sparse, sizeBytes: 200, storedSizeBytes: 10, body: 'index' }), layout);
  const record = Uint8Array.from(out.take());
  const block = {
    kind: 'raw' as const,
    fileOffset: 8,
    packedBytes: 10,
    unpackedBytes: 20,
    crc: 5,
    first: 0,
    rawOffset: 0,
    tarOffset: 0,
    firstPath: utf8('a'),
  };
  const summary = { ...ending, entries: 1, remakeable: true };
  const trailer = { rawOffset: 1, codedBytes: 2, tarBytes: 3 };
  const amendments = [{ ordinal: 0, body: 'lost' as const, rawOffset: 4, codedBytes: 5 }];
  const directory = Uint8Array.from(encodeDirectory({ summary, trailer, blocks: [block], amendments }));
  decodeRecord(new ByteReader(record), 0);
  decodeDirectory(directory, 8, 18);
  const change = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(change, fc.nat(), (changes, cut) => {
      for (const [bytes, decode] of [
        [record, (bad: Uint8Array) => decodeRecord(new ByteReader(bad), 0)],
        [directory, (bad: Uint8Array) => decodeDirectory(bad, 8, 18)],
        [record, (bad: Uint8Array) => [...decodeRuns(new ByteReader(bad), 1000)]],
      ] as const) {
        const bad = bytes.slice(0, cut % 3 === 0 ? cut % bytes.length : bytes.length);
        for (const [at, value] of changes) if (bad.length > 0) bad[at % bad.length] = value;
        try {
          decode(bad);
        } catch (error) {
          assert.ok(isCorrupt(error), String(error));
        }
      }
    }),
    { numRuns: 3000 },
  );
});
