import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readTar } from '../../../../src/archive/tar/reader.ts';
import { concatBytes, displayBytes, utf8 } from '../../../../src/lib/bytes.ts';
import { dir, entry, file, header, openTar, padToBlock, pax, tar, zeros } from '../../../helpers/tar-builder.ts';

/** A source that counts the chunks taken and reuses its buffer, like a file reader. */
class Source implements AsyncIterable<Uint8Array> {
  taken = 0;
  closed = false;
  readonly #bytes: Uint8Array;
  readonly #size: number;

  constructor(bytes: Uint8Array, size: number) {
    this.#bytes = bytes;
    this.#size = size;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const buffer = new Uint8Array(this.#size);
    try {
      for (let at = 0; at < this.#bytes.length; at += this.#size) {
        const piece = this.#bytes.subarray(at, at + this.#size);
        buffer.fill(0xee).set(piece);
        this.taken += piece.length;
        yield buffer.subarray(0, piece.length);
      }
    } finally {
      this.closed = true;
    }
  }
}

async function text(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const piece of body) parts.push(piece.slice());
  return displayBytes(concatBytes(parts));
}

suite('readTar', () => {
  const archive = tar(
    file('a', 'A'.repeat(3000)),
    dir('d'),
    pax({ uid: '7' }),
    file('empty'),
    file('b', 'B'.repeat(700)),
  );

  for (const size of [1, 100, 512, 1 << 20]) {
    test(`gives members and bodies, pieces of ${size}`, async () => {
      const source = new Source(archive, size);
      const seen: [string, number, string][] = [];
      for await (const { entry, body } of readTar(source)) {
        seen.push([displayBytes(entry.path), entry.uid, await text(body)]);
      }
      assert.deepEqual(seen, [
        ['a', 0, 'A'.repeat(3000)],
        ['d', 0, ''],
        ['empty', 7, ''],
        ['b', 0, 'B'.repeat(700)],
      ]);
      assert.equal(source.taken, archive.length);
      assert.ok(source.closed);
    });
  }

  test('skips bodies that are not read, wholly or in part', async () => {
    const names: string[] = [];
    for await (const { entry, body } of readTar(new Source(archive, 100))) {
      names.push(displayBytes(entry.path));
      if (names.length === 1) {
        for await (const piece of body) {
          assert.equal(piece[0], 0x41);
          break;
        }
      }
    }
    assert.deepEqual(names, ['a', 'd', 'empty', 'b']);
  });

  test('fills the holes of a sparse file', async () => {
    const map = padToBlock(utf8('2\n2\n3\n100000\n2\n'));
    const sparse = entry('s', concatBytes([map, utf8('abcde')]), {
      pax: { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '200001' },
    });
    for await (const { body } of readTar(new Source(tar(sparse), 700))) {
      assert.equal(await text(body), `\0\0abc${'\0'.repeat(99_995)}de${'\0'.repeat(99_999)}`);
    }
  });

  test('takes no more of the source than is asked for', async () => {
    const source = new Source(tar(file('a', zeros(100_000)), file('b', zeros(100_000))), 1000);
    const members = readTar(source);
    const first = await members.next();
    assert.ok(!first.done);
    assert.equal(source.taken, 1000);
    for await (const piece of first.value.body) {
      assert.ok(piece.length > 0);
      if (source.taken > 5000) break;
    }
    assert.equal(source.taken, 6000);
    await members.next();
    assert.equal(source.taken, 102_000);
    await members.return(undefined);
    assert.ok(source.closed);
    assert.equal(source.taken, 102_000);
  });

  test('reads to the end of the source, past the end of the archive', async () => {
    const source = new Source(openTar(tar(file('a')), zeros(10_000)), 512);
    for await (const { entry } of readTar(source)) assert.equal(displayBytes(entry.path), 'a');
    assert.equal(source.taken, 512 + 1024 + 10_000);
  });

  test('hands out what came before a fault, then throws it', async () => {
    const names: string[] = [];
    const source = new Source(openTar(file('a', 'x'), file('b'), header('c', { checksum: 1 })), 1 << 20);
    await assert.rejects(
      async () => {
        for await (const { entry } of readTar(source)) names.push(displayBytes(entry.path));
      },
      { code: 'ERR_TAR_CHECKSUM' },
    );
    assert.deepEqual(names, ['a', 'b']);
    assert.ok(source.closed);
  });

  test('throws in the body when the archive ends there', async () => {
    const members = readTar(new Source(openTar(header('a', { size: 10 }), utf8('half')), 300));
    const first = await members.next();
    assert.ok(!first.done);
    await assert.rejects(text(first.value.body), { code: 'ERR_TAR_TRUNCATED' });
    await members.return(undefined);
  });

  test('refuses a body whose turn is over', async () => {
    const members = readTar(new Source(archive, 100));
    const first = await members.next();
    assert.ok(!first.done);
    await members.next();
    await assert.rejects(text(first.value.body), /before the next member/);
    await members.return(undefined);
  });

  test('stops at once when aborted, even while the source is silent', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    async function* silent(): AsyncGenerator<Uint8Array> {
      yield tar(file('a')).subarray(0, 512);
      await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
    }
    const members = readTar(silent(), { signal: controller.signal });
    await members.next();
    const second = members.next();
    setImmediate(() => controller.abort(reason));
    await assert.rejects(second, reason);
    await assert.rejects(readTar(new Source(archive, 100), { signal: controller.signal }).next(), reason);
  });

  test('passes on what the source throws', async () => {
    const reason = new Error('connection lost');
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield archive.subarray(0, 1000);
      throw reason;
    }
    await assert.rejects(async () => {
      for await (const { entry } of readTar(broken())) assert.equal(displayBytes(entry.path), 'a');
    }, reason);
  });
});
