import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { LocalContentStore } from '../../../../src/content/local/store.ts';
import { digestOf } from '../../../../src/content/verify.ts';
import { utf8 } from '../../../../src/lib/bytes.ts';
import type { Digest } from '../../../../src/spec/digest.ts';
import { contentStoreSuite } from '../../../../src/testing/suites/content-store.ts';
import { ingestsOf, openLocal, strayFiles, temporaryRoot } from './local-content.ts';

contentStoreSuite('local', async () => {
  const root = mkdtempSync(join(tmpdir(), 'strata-content-'));
  return {
    store: openLocal(root),
    reopen: async () => openLocal(root),
    [Symbol.asyncDispose]: async () => {
      assert.deepEqual(
        strayFiles(root).filter((path) => !path.startsWith('trash/')),
        [],
      );
      rmSync(root, { recursive: true });
    },
  };
});

async function put(store: LocalContentStore, bytes: Uint8Array): Promise<Digest> {
  await using writer = await store.writer(`put ${digestOf(bytes)}`);
  await writer.write(bytes);
  return (await writer.commit()).digest;
}

/** Starts a process that holds `ref` with `bytes` written, until it is killed. */
async function holder(context: TestContext, root: string, ref: string, bytes: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'hold-ingest.fixture.ts'), root, ref, `${bytes}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

describe('local: files as they may be found', () => {
  const bytes = utf8('some content of a layer');
  const digest = digestOf(bytes);

  test('a blob is a plain file in the shape of an OCI layout', async (context) => {
    const root = temporaryRoot(context);
    const store = openLocal(root);
    await put(store, bytes);
    const path = join(root, 'content/blobs/sha256', digest.slice('sha256:'.length));
    assert.equal(store.path(digest), path);
    assert.ok(readFileSync(path).equals(bytes));
    assert.deepEqual(ingestsOf(root), []);
  });

  for (const [what, content] of [
    ['empty, as a power cut of other engines leaves it', ''],
    ['cut', 'some content'],
    ['too long', 'some content of a layer and more'],
  ] as const) {
    test(`a file that is ${what} is not served, and a new commit replaces it`, async (context) => {
      const store = openLocal(temporaryRoot(context));
      writeFileSync(store.path(digest), content);
      const damaged = { code: 'ERR_BLOB_DAMAGED', kind: 'corrupt' };
      await assert.rejects(store.open(digest, { sizeBytes: bytes.length }), damaged);
      if (content === '') {
        await assert.rejects(store.open(digest), damaged);
        assert.equal(await store.info(digest), undefined);
      }
      await using writer = await store.writer('again', { expected: { digest, sizeBytes: bytes.length } });
      await writer.write(bytes);
      assert.equal((await writer.commit()).existed, false);
      assert.ok(readFileSync(store.path(digest)).equals(bytes));
    });
  }

  test('a file cut while it is read ends the reading', async (context) => {
    const store = openLocal(temporaryRoot(context));
    await put(store, bytes);
    await using reader = await store.open(digest);
    writeFileSync(store.path(digest), 'some');
    await assert.rejects(reader.read(new Uint8Array(100), 0), { code: 'ERR_BLOB_DAMAGED' });
  });

  test('a file whose name is no digest is no blob', async (context) => {
    const root = temporaryRoot(context);
    const store = openLocal(root);
    await put(store, bytes);
    for (const name of ['.hidden', 'x'.repeat(64), 'A'.repeat(64), 'a'.repeat(63), 'tmp-123']) {
      writeFileSync(join(root, 'content/blobs/sha256', name), 'junk');
    }
    const listed: Digest[] = [];
    for await (const blob of store.list()) listed.push(blob.digest);
    assert.deepEqual(listed, [digest]);
  });

  test('a symlink in place of a blob is not followed', async (context) => {
    const root = temporaryRoot(context);
    const store = openLocal(root);
    writeFileSync(join(root, 'secret'), bytes);
    symlinkSync(join(root, 'secret'), store.path(digest));
    assert.equal(await store.info(digest), undefined);
    await assert.rejects(store.open(digest), /ELOOP/);
    await put(store, bytes);
    assert.equal((await store.info(digest))?.sizeBytes, bytes.length);
  });

  test('delete moves the file into trash', async (context) => {
    const root = temporaryRoot(context);
    const store = openLocal(root);
    await put(store, bytes);
    await store.delete(digest);
    assert.equal(strayFiles(root).filter((path) => /^trash\/blob-[0-9a-f]{16}$/.test(path)).length, 1);
  });
});

describe('local: ingests of other processes and other boots', () => {
  test('a killed writer’s bytes are resumed at once', async (context) => {
    const root = temporaryRoot(context);
    const store = openLocal(root);
    const child = await holder(context, root, 'layer', 3_000_000);
    await assert.rejects(store.writer('layer'), { code: 'ERR_INGEST_BUSY', kind: 'unavailable' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await using writer = await store.writer('layer');
    assert.equal(writer.offset, 3_000_000);
    await writer.write(utf8('end'));
    const expected = digestOf(Buffer.concat([Buffer.alloc(3_000_000, 7), utf8('end')]));
    assert.equal((await writer.commit()).digest, expected);
    assert.deepEqual(ingestsOf(root), []);
  });

  test('after another boot only what was flushed is trusted', async (context) => {
    const root = temporaryRoot(context);
    const store = openLocal(root);
    for (const [flushed, trusted] of [
      ['7b1b3c5e-0000-4000-8000-000000000000 40\n', 40],
      ['7b1b3c5e-0000-4000-8000-000000000000 4000\n', 100],
      ['', 0],
      ['garbage', 0],
      ['7b1b3c5e-0000-4000-8000-000000000000 -5\n', 0],
    ] as const) {
      {
        await using writer = await store.writer('layer');
        await writer.truncate(0);
        await writer.write(new Uint8Array(100));
      }
      writeFileSync(join(root, 'content/ingest', ingestsOf(root)[0]!, 'flushed'), flushed);
      {
        await using writer = await store.writer('layer');
        assert.equal(writer.offset, trusted, JSON.stringify(flushed));
        await writer.write(new Uint8Array(1));
      }
      await using again = await store.writer('layer');
      assert.equal(again.offset, trusted + 1, 'now it is this boot’s');
    }
  });

  test('long writes are flushed on the way, and say so', async (context) => {
    const root = temporaryRoot(context);
    const store = openLocal(root);
    const chunk = new Uint8Array(8 << 20);
    {
      await using writer = await store.writer('layer');
      for (let i = 0; i < 9; i++) await writer.write(chunk);
    }
    const flushed = readFileSync(join(root, 'content/ingest', ingestsOf(root)[0]!, 'flushed'), 'utf8');
    assert.match(flushed, / 00000000(67108864|75497472)\n$/);
  });

  test('idle ingests go, those held or kept stay', async (context) => {
    const root = temporaryRoot(context);
    const store = openLocal(root);
    for (const ref of ['idle', 'kept']) {
      await using writer = await store.writer(ref);
      await writer.write(utf8(ref));
    }
    const isKept = (name: string): boolean => name === store.ingestName('kept');
    {
      await using _held = await store.writer('idle');
      assert.equal(store.isBeingWritten('idle'), true);
      assert.equal(await store.removeIdleIngests(isKept), 0);
    }
    assert.equal(store.isBeingWritten('idle'), false);
    assert.equal(await store.removeIdleIngests(isKept), 1);
    assert.equal(await store.removeIdleIngests(isKept), 0);
    assert.deepEqual(ingestsOf(root), [store.ingestName('kept')]);
  });
});

describe('local: a disk that fails', () => {
  /** Lets the given call of every open file fail until the test ends. */
  async function failing(context: TestContext, method: 'datasync' | 'sync' | 'write', errno: number, code: string) {
    await using file = await open('/dev/null');
    const prototype = Object.getPrototypeOf(file) as Record<typeof method, () => Promise<unknown>>;
    const fail = async (): Promise<never> => {
      throw Object.assign(new Error(`${code}: ${method}`), { errno: -errno, code, syscall: method });
    };
    return context.mock.method(prototype, method, fail);
  }
  const content = utf8('content');

  test('a failed flush throws the data away and marks the store', async (context) => {
    const root = temporaryRoot(context);
    const store = openLocal(root);
    const writer = await store.writer('a');
    await writer.write(content);
    const mock = await failing(context, 'datasync', 5, 'EIO');
    await assert.rejects(writer.commit(), { code: 'ERR_BLOB_FLUSH_FAILED', kind: 'internal' });
    mock.mock.restore();
    assert.deepEqual(ingestsOf(root), []);
    assert.equal(await store.info(digestOf(content)), undefined);
    const [failure, ...more] = openLocal(root).health.failures();
    assert.match(failure ?? '', /content\/ingest\/[0-9a-f]{64}\/data EIO$/);
    assert.deepEqual(more, []);
    assert.equal(store.health.isOfFormerBoot(), false);
    await assert.rejects(writer.commit(), /invariant/, 'never flushed again as if it were good');
    await put(store, content);
    store.health.clear();
    store.health.clear();
    assert.deepEqual(store.health.failures(), []);
  });

  test('a failed flush behind the writes ends them', async (context) => {
    const root = temporaryRoot(context);
    const store = openLocal(root);
    const mock = await failing(context, 'datasync', 5, 'EIO');
    await using writer = await store.writer('a');
    await assert.rejects(
      async () => {
        for (let i = 0; i < 12; i++) await writer.write(new Uint8Array(8 << 20));
        mock.mock.restore();
        await writer.commit();
      },
      { code: 'ERR_BLOB_FLUSH_FAILED' },
    );
    assert.deepEqual(ingestsOf(root), []);
    assert.notDeepEqual(store.health.failures(), []);
  });

  test('a folder that cannot be flushed does not show the blob', async (context) => {
    const root = temporaryRoot(context);
    const store = openLocal(root);
    await using writer = await store.writer('a');
    await writer.write(content);
    const mock = await failing(context, 'sync', 5, 'EIO');
    await assert.rejects(writer.commit(), { code: 'ERR_BLOB_FLUSH_FAILED' });
    mock.mock.restore();
    assert.equal(existsSync(store.path(digestOf(content))), false);
    assert.notDeepEqual(store.health.failures(), []);
  });

  test('a full disk or quota is reported as such, and no temporary file stays', async (context) => {
    const root = temporaryRoot(context);
    const store = openLocal(root);
    for (const [method, errno, code] of [
      ['write', 28, 'ENOSPC'],
      ['write', 122, 'EDQUOT'],
      ['datasync', 28, 'ENOSPC'],
    ] as const) {
      const mock = await failing(context, method, errno, code);
      await using writer = await store.writer('a');
      await assert.rejects(
        async () => {
          await writer.write(content);
          await writer.commit();
        },
        { code: 'ERR_NO_SPACE', kind: 'exhausted' },
      );
      mock.mock.restore();
      assert.deepEqual(ingestsOf(root), []);
      assert.deepEqual(store.health.failures(), []);
    }
    await put(store, content);
  });

  test('other failures of a write keep what was written before', async (context) => {
    const root = temporaryRoot(context);
    const store = openLocal(root);
    {
      await using writer = await store.writer('a');
      await writer.write(content);
      const mock = await failing(context, 'write', 27, 'EFBIG');
      await assert.rejects(writer.write(content), { code: 'ERR_SYSCALL_EXHAUSTED', kind: 'exhausted' });
      mock.mock.restore();
    }
    await using writer = await store.writer('a');
    assert.equal(writer.offset, content.length);
    assert.equal((await writer.commit()).digest, digestOf(content));
  });
});
