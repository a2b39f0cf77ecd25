import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { digestOf } from '../../../src/content/verify.ts';
import { utf8 } from '../../../src/lib/bytes.ts';
import { TrackedBlobs, TrackedContentStore } from '../../../src/metadata/tracked-content.ts';
import { contentStoreSuite } from '../../../src/testing/suites/content-store.ts';
import { newStore, openStore, type TestStore } from './open-store.ts';

contentStoreSuite('tracked', async () => {
  const root = mkdtempSync(join(tmpdir(), 'strata-tracked-'));
  const store = await openStore(root);
  await using opened = new AsyncDisposableStack();
  const lease = opened.use(await store.metadata.leases.open('suite'));
  const open = (): TrackedContentStore => new TrackedContentStore(store.content, store.metadata, lease);
  const kept = opened.move();
  return {
    store: open(),
    reopen: async () => open(),
    [Symbol.asyncDispose]: async () => {
      await kept[Symbol.asyncDispose]();
      store[Symbol.dispose]();
      rmSync(root, { recursive: true });
    },
  };
});

const bytes = utf8('tracked content');
const digest = digestOf(bytes);

/** Returns the store with its blobs pinned by one lease, which ends with the process of the test. */
async function openTracked({ metadata, content }: TestStore): Promise<TrackedContentStore> {
  return new TrackedContentStore(content, metadata, await metadata.leases.open('test'));
}

async function put(store: TrackedContentStore): Promise<void> {
  await using writer = await store.writer('x');
  await writer.write(bytes);
  await writer.commit();
}

describe('tracked content', () => {
  test('an upload whose end cannot be noted is let go of all the same', async (context) => {
    const store = await newStore(context);
    const uploads = await openTracked(store);
    const writer = await uploads.writer('upload', { transfer: { kind: 'upload', source: 'example.com/app' } });
    await writer.write(bytes);
    const busy = new Error('the store is busy');
    const transact = context.mock.method(store.metadata.db, 'transact', () => Promise.reject(busy));
    await assert.rejects(async () => await writer[Symbol.asyncDispose](), busy);
    transact.mock.restore();
    assert.equal(store.content.isBeingWritten('upload'), false);
  });

  test('a file without a row is not there, and a commit makes it so', async (context) => {
    const store = await newStore(context);
    await using writer = await store.content.writer('untracked');
    await writer.write(bytes);
    await writer.commit();
    const blobs = await openTracked(store);
    assert.equal(await blobs.info(digest), undefined);
    await assert.rejects(blobs.open(digest), { code: 'ERR_BLOB_NOT_FOUND' });
    await put(blobs);
    assert.equal((await blobs.info(digest))?.sizeBytes, bytes.length);
  });

  test('a row without its file asks to be fetched again, and is healed by that', async (context) => {
    const store = await newStore(context);
    const blobs = await openTracked(store);
    await put(blobs);
    rmSync(store.content.path(digest));
    assert.equal(await blobs.info(digest), undefined);
    await assert.rejects(blobs.open(digest), { code: 'ERR_BLOB_NOT_FOUND' });
    await put(blobs);
    await using reader = await blobs.open(digest);
    assert.equal(reader.sizeBytes, bytes.length);
  });

  test('a file of another size than its row is damaged', async (context) => {
    const store = await newStore(context);
    const blobs = await openTracked(store);
    await put(blobs);
    truncateSync(store.content.path(digest), 3);
    assert.equal(await blobs.info(digest), undefined);
    await assert.rejects(blobs.open(digest), { code: 'ERR_BLOB_DAMAGED', kind: 'corrupt' });
    await assert.rejects(new TrackedBlobs(store.content, store.metadata.blobs).open(digest), {
      code: 'ERR_BLOB_DAMAGED',
    });
    await put(blobs);
    assert.equal((await blobs.info(digest))?.sizeBytes, bytes.length);
  });

  test('the blob is pinned before it can be seen and recorded after', async (context) => {
    const store = await newStore(context);
    const lease = await store.metadata.leases.open('test');
    const blobs = new TrackedContentStore(store.content, store.metadata, lease);
    await using writer = await blobs.writer('x');
    await writer.write(bytes);
    const { objects } = store.metadata;
    await writer.commit({
      beforePublish: () => {
        assert.equal(objects.isWanted('blob', digest), true);
        assert.equal(objects.isPresent('blob', digest), false);
      },
    });
    assert.equal(objects.isPresent('blob', digest), true);
    await lease[Symbol.asyncDispose]();
    assert.equal((await store.collector.collect()).removed.length, 1);
  });

  test('a blob that another lease pins is not deleted', async (context) => {
    const store = await newStore(context);
    const mine = await openTracked(store);
    const theirs = await openTracked(store);
    await put(mine);
    assert.ok(await theirs.info(digest));
    assert.equal(await mine.delete(digest), false);
    assert.ok(await mine.info(digest));
  });
});
