import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { defaultTarLimits, TarParser } from '../../../../src/archive/tar/parser.ts';
import type { TarSink } from '../../../../src/archive/tar/types.ts';
import { displayBytes, utf8 } from '../../../../src/lib/bytes.ts';
import { dir, file, globalPax, header, openTar, pax, tar, zeros } from '../../../helpers/tar-builder.ts';

const silent: TarSink = { entry: () => {}, data: () => {}, endEntry: () => {}, trailer: () => {} };

suite('TarParser', () => {
  test('hands on bodies and trailer as views, never as copies', () => {
    const chunk = tar(file('a', 'x'.repeat(2000)), file('b', 'y'));
    const seen: Uint8Array[] = [];
    const parser = new TarParser({
      ...silent,
      data: (view) => seen.push(view),
      trailer: (view) => seen.push(view),
    });
    parser.write(chunk);
    parser.write(chunk);
    assert.deepEqual(
      seen.map((view) => [view.buffer === chunk.buffer, view.length]),
      // The parser copies the end blocks, as it copies headers, but not the bytes after them.
      [
        [true, 2000],
        [true, 1],
        [false, 1024],
        [true, chunk.length],
      ],
    );
  });

  test('skips the unread bytes of a body', () => {
    for (const size of [1, 512, 5000]) {
      const archive = tar(file('a', 'x'.repeat(size)), file('b', 'y'));
      const seen: string[] = [];
      const parser = new TarParser({
        entry: ({ path }) => seen.push(displayBytes(path)),
        data: (view) => seen.push(displayBytes(view)),
        endEntry: (padding) => seen.push(`+${padding.length}`),
        trailer: () => {},
      });
      assert.equal(parser.bodyBytesLeft, 0);
      parser.write(archive.subarray(0, 512));
      assert.equal(parser.bodyBytesLeft, size);
      parser.skipBody(size);
      assert.equal(parser.bodyBytesLeft, 0);
      assert.throws(() => parser.skipBody(1));
      parser.write(archive.subarray(512 + size));
      parser.finish();
      assert.deepEqual(seen, ['a', `+${(512 - (size % 512)) % 512}`, 'b', 'y', '+511']);
    }
  });

  test('counts beyond 4 GiB', () => {
    const size = 5 * 2 ** 30;
    const names: string[] = [];
    let bytes = 0;
    const parser = new TarParser({
      ...silent,
      entry: ({ path }) => names.push(displayBytes(path)),
      data: (view) => {
        bytes += view.length;
      },
    });
    parser.write(header('large', { size }));
    const chunk = new Uint8Array(2 ** 25);
    for (let i = 0; i < size / chunk.length; i++) parser.write(chunk);
    assert.throws(() => parser.write(header('after', { checksum: 0 })), { details: { offset: 512 + size } });
    assert.equal(bytes, size);
    assert.deepEqual(names, ['large']);
  });

  test('A24 streams gigabytes of fill after the end (CVE-2017-14992)', () => {
    let trailer = 0;
    const parser = new TarParser({
      ...silent,
      trailer: (view) => {
        trailer += view.length;
      },
    });
    const chunk = new Uint8Array(2 ** 25);
    for (let i = 0; i < 128; i++) parser.write(chunk);
    parser.finish();
    assert.equal(trailer, 2 ** 32);
  });

  test('A30 takes a hundred thousand empty files', () => {
    let count = 0;
    const parser = new TarParser({
      ...silent,
      entry: () => {
        count++;
      },
    });
    const chunk = openTar(...Array.from({ length: 1000 }, (_, i) => file(`empty-${i}`)));
    for (let i = 0; i < 100; i++) parser.write(chunk);
    parser.finish();
    assert.equal(count, 100_000);
  });

  test('limits are those of the caller', () => {
    const parse = (recordBytes: number, headerBytes: number) => () => {
      const parser = new TarParser(silent, { recordBytes, headerBytes });
      parser.write(tar(pax({ path: 'p'.repeat(900) }), globalPax({ comment: 'c'.repeat(900) }), file('a')));
      parser.finish();
    };
    parse(1000, 3584)();
    assert.throws(parse(900, 3584), { code: 'ERR_TAR_HEADER_TOO_LARGE', details: { offset: 0, limitBytes: 900 } });
    assert.throws(parse(1000, 3583), { code: 'ERR_TAR_HEADER_TOO_LARGE', details: { offset: 0, limitBytes: 3583 } });
    assert.equal(defaultTarLimits.recordBytes, 2 ** 20);
  });

  test('a record of exactly 1 MiB is read', () => {
    const overhead = '1048576 comment=\n'.length;
    const parser = new TarParser(silent);
    parser.write(tar(pax({ comment: 'c'.repeat(2 ** 20 - overhead) }), file('a')));
    parser.finish();
  });

  test('an error of the sink comes through, and nothing is taken after it', () => {
    const reason = new Error('disk full');
    for (const event of ['entry', 'data', 'endEntry', 'trailer'] as const) {
      const parser = new TarParser({
        ...silent,
        [event]: () => {
          throw reason;
        },
      });
      assert.throws(() => parser.write(tar(file('a', 'x'))), reason);
      assert.throws(() => parser.write(zeros(1)), /takes nothing after/);
      assert.throws(() => parser.finish(), /ends once/);
    }
  });

  test('an archive cut off is refused once', () => {
    const parser = new TarParser(silent);
    parser.write(header('a', { size: 3 }));
    assert.throws(() => parser.finish(), { code: 'ERR_TAR_TRUNCATED', details: { offset: 512 } });
    assert.throws(() => parser.write(utf8('abc')), /takes nothing after/);
  });

  test('an end is an end', () => {
    const parser = new TarParser(silent);
    parser.write(tar(dir('d')));
    parser.finish();
    assert.throws(() => parser.finish(), /ends once/);
    assert.throws(() => parser.write(utf8('x')), /takes nothing after/);
  });

  test('fill that is cut off belongs to its entry', () => {
    const events: string[] = [];
    const parser = new TarParser({
      entry: () => events.push('entry'),
      data: () => events.push('data'),
      endEntry: (padding) => events.push(`end ${padding.length}`),
      trailer: (view) => events.push(`trailer ${view.length}`),
    });
    parser.write(openTar(header('a', { size: 3 }), utf8('abc'), zeros(9)));
    parser.finish();
    assert.deepEqual(events, ['entry', 'data', 'end 9']);
  });
});
