import assert from 'node:assert/strict';
import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '../../../src/content/verify.ts';
import { isKind } from '../../../src/errors/index.ts';
import { TrackedContentStore } from '../../../src/metadata/tracked-content.ts';
import { emptyTrash } from '../../../src/metadata/trash.ts';
import { mountSmallDisk } from '../../helpers/mount-small-disk.ts';
import { needs } from '../../helpers/needs.ts';
import { openStore } from '../../unit/metadata/open-store.ts';

/** Writes until not one byte is free. */
function fill(path: string): void {
  const fd = openSync(path, 'w');
  try {
    for (let size = 1 << 20; size >= 1; ) {
      try {
        writeSync(fd, Buffer.alloc(size));
      } catch {
        size = size >> 1;
      }
    }
  } finally {
    closeSync(fd);
  }
}

test('a store on a full disk opens, and removals free space', {
  skip: needs('root', 'mount'),
}, async (context) => {
  const root = mountSmallDisk(context, 'size=24m');
  const images = 30;
  const bytesOf = (i: number): Uint8Array => new Uint8Array(100_000).fill(i);
  const digest = (i: number): ReturnType<typeof digestOf> => digestOf(bytesOf(i));
  {
    using store = await openStore(root);
    await using lease = await store.metadata.leases.open('fill');
    const blobs = new TrackedContentStore(store.content, store.metadata, lease);
    for (let i = 0; i < images; i++) {
      await using writer = await blobs.writer(`image ${i}`);
      await writer.write(bytesOf(i));
      await writer.commit();
      await store.metadata.db.transact(() =>
        store.metadata.targets.put({ digest: digest(i), mediaType: 'x', sizeBytes: 1, links: [], images: [] }, lease),
      );
      await store.metadata.db.transact(() => store.metadata.tags.set(`image-${i}`, digest(i)));
    }
  }
  assert.equal(statSync(join(root, 'strata.reserve')).size, 4 << 20);
  fill(join(root, 'ballast'));
  assert.equal(statfsSync(root).bfree, 0);

  using store = await openStore(root);
  const { metadata, collector } = store;
  assert.equal(metadata.tags.list().length, images, 'a full store can be read');
  fill(join(root, 'more ballast'));

  const full = (error: unknown): boolean => isKind(error, 'exhausted');
  await assert.rejects(async () => {
    for (let i = 100; ; i++) {
      await using lease = await metadata.leases.open('pull');
      await using writer = await new TrackedContentStore(store.content, metadata, lease).writer(`new ${i}`);
      await writer.write(bytesOf(i));
      await writer.commit();
    }
  }, full);

  for (let i = 0; i < 20; i++) {
    const remove = (): unknown => metadata.tags.remove(`image-${i}`);
    assert.equal(await metadata.db.transact(remove, { freesSpace: true }), digest(i));
  }
  const { removed } = await collector.collect();
  assert.ok(removed.length >= 40, `${removed.length} objects went`);
  await emptyTrash(join(root, 'trash'));
  assert.ok(statfsSync(root).bfree * statfsSync(root).bsize > 20 * 90_000);
  for (let i = 20; i < images; i++) assert.equal((await store.content.info(digest(i)))?.sizeBytes, 100_000);

  rmSync(join(root, 'more ballast'));
  rmSync(join(root, 'ballast'));
  (await openStore(root))[Symbol.dispose]();
  assert.equal(statSync(join(root, 'strata.reserve')).size, 4 << 20, 'the reserve is set aside again');
});

test('a store on a full disk can be removed from any number of times', {
  skip: needs('root', 'mount'),
}, async (context) => {
  const root = mountSmallDisk(context, 'size=24m');
  using store = await openStore(root);
  const { db, tags, targets, leases } = store.metadata;
  await using lease = await leases.open('fill');
  const digest = digestOf(Buffer.from('image'));
  await db.transact(() => {
    targets.put({ digest, mediaType: 'x', sizeBytes: 1, links: [], images: [] }, lease);
    for (let i = 0; i < 200; i++) tags.set(`image-${i}`, digest);
  });
  fill(join(root, 'ballast'));
  // Ten times the reserve: the log would take all of it if no thread could write it back.
  let written = 0;
  for (let round = 0; written < 40 << 20; round++) {
    const name = `image-${round % 200}`;
    const change = (): unknown => (round % 400 < 200 ? tags.remove(name) : tags.set(name, digest));
    await db.transact(change, { freesSpace: true });
    // Three pages at least.
    written += 3 * 4096;
    // The thread that writes the log back gets its turn, as it does where a flush takes time.
    if (round % 50 === 0) await sleep(5);
  }
  assert.ok(statSync(join(root, 'strata.reserve')).size > 0, 'some is left for other emergencies');
});
