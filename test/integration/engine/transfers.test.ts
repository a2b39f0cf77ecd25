// Unfinished downloads and uploads outlive their processes, and every collection that is not meant for them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { WriterOptions } from '../../../src/content/types.ts';
import { digestOf } from '../../../src/content/verify.ts';
import { Engine } from '../../../src/engine/index.ts';
import { TrackedContentStore } from '../../../src/metadata/tracked-content.ts';
import { collectGarbage } from '../../../src/store/garbage/collect.ts';
import { discardTransfer, listTransfers, trimTransfers } from '../../../src/store/garbage/transfers.ts';
import type { Store } from '../../../src/store/store.ts';
import { errnoOf } from '../../../src/sys/errno.ts';
import { mountSmallDisk } from '../../helpers/mount-small-disk.ts';
import { needs } from '../../helpers/needs.ts';
import { openStoreAt } from '../../helpers/open-store-at.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { strataCommand } from '../../helpers/strata.ts';
import { dir, tar } from '../../helpers/tar-builder.ts';

const skip = needs('root', 'overlay');
const upload = { transfer: { kind: 'upload', source: 'example.com/app' } } as const;
const fiveMegabytes = 5_000_000;
const bytesOf = (count: number): Uint8Array => new Uint8Array(count).fill(7);

/** Writes so many bytes more, and returns the offset at which it began. */
async function write(store: Store, ref: string, count: number, options: WriterOptions = upload): Promise<number> {
  await using lease = await store.metadata.leases.open('test');
  await using writer = await new TrackedContentStore(store.content, store.metadata, lease).writer(ref, options);
  const { offset } = writer;
  if (count > 0) await writer.write(bytesOf(count));
  return offset;
}

/** Writes until nothing more fits. */
function fillUp(path: string): void {
  const ballast = openSync(path, 'w');
  try {
    for (;;) writeSync(ballast, bytesOf(4096));
  } catch (error) {
    assert.equal(errnoOf(error), 'ENOSPC');
  } finally {
    closeSync(ballast);
  }
}

const refsIn = (store: Store): string[] => listTransfers(store).map(({ ref }) => ref);
const ingestsIn = (store: Store): string[] => readdirSync(placesOf(store).ingests);

test('an upload resumes at its offset after prunes of other things', { skip }, async (context) => {
  const root = storeRoot(context);
  await using store = openStoreAt(root);
  assert.equal(await write(store, 'upload-1', fiveMegabytes), 0);
  assert.equal(await write(store, 'no transfer', 3, {}), 0);
  assert.equal(ingestsIn(store).length, 2);
  await using engine = await Engine.open({ root });
  await engine.images.prune({ all: true });
  await engine.builder.prune({ all: true });
  await engine.containers.prune();
  await engine.system.collectGarbage().result;
  assert.deepEqual(ingestsIn(store), [store.content.ingestName('upload-1')], 'others live as long as their writers');
  const [listed] = await engine.system.transfers();
  assert.equal(listed?.verifiedBytes, fiveMegabytes);
  assert.deepEqual([listed.kind, listed.source, listed.digest], ['upload', 'example.com/app', undefined]);

  const whole = bytesOf(fiveMegabytes + 1);
  {
    await using lease = await store.metadata.leases.open('test');
    const content = new TrackedContentStore(store.content, store.metadata, lease);
    const expected = { digest: digestOf(whole), sizeBytes: whole.length };
    await using writer = await content.writer('upload-1', { ...upload, expected });
    assert.equal(writer.offset, fiveMegabytes);
    assert.equal(store.metadata.transfers.get('upload-1')?.digest, expected.digest);
    await writer.write(bytesOf(1));
    assert.equal((await writer.commit()).digest, expected.digest);
  }
  assert.deepEqual([refsIn(store), ingestsIn(store)], [[], []]);
});

test('an upload resumes at its offset after its process was killed and others have collected', {
  skip,
}, async (context) => {
  const strata = strataCommand(context);
  const fixture = join(import.meta.dirname, 'unfinished-upload.fixture.ts');
  const child = spawn(process.execPath, [fixture, strata.root, 'upload-1', `${fiveMegabytes}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
  const imported = await strata.with({ input: tar(dir('d')) }, 'import', '-', 'x');
  assert.equal(imported.code, 0, imported.stderr);
  await using store = openStoreAt(strata.root);
  assert.deepEqual(store.metadata.leases.deaths(), [], 'what the killed process left is cleared up');
  assert.equal(await write(store, 'upload-1', 0), fiveMegabytes);
});

test('an upload is known from its first request on, before its first byte', { skip }, async (context) => {
  const root = storeRoot(context);
  {
    await using store = openStoreAt(root);
    await write(store, 'upload-1', 0);
  }
  await using engine = await Engine.open({ root });
  await engine.system.collectGarbage().result;
  await using store = openStoreAt(root);
  const [listed] = listTransfers(store);
  assert.deepEqual([listed?.ref, listed?.source, listed?.storedBytes], ['upload-1', 'example.com/app', 0]);
  assert.equal(await write(store, 'upload-1', 9), 0);
  assert.equal(await write(store, 'upload-1', 0), 9);
  await engine.system.pruneTransfers();
  assert.deepEqual([refsIn(store), ingestsIn(store)], [[], []]);
});

test('the record of a transfer is removed with its bytes: when it is discarded, empty or wrong', {
  skip,
}, async (context) => {
  await using store = openStoreAt(storeRoot(context));
  await using lease = await store.metadata.leases.open('test');
  const content = new TrackedContentStore(store.content, store.metadata, lease);
  await write(store, 'empty', 0, { transfer: { kind: 'download', source: 'example.com/app' } });
  {
    await using writer = await content.writer('discarded', upload);
    await writer.write(bytesOf(9));
    assert.equal(store.content.isBeingWritten('discarded'), true);
    assert.deepEqual(refsIn(store), ['discarded']);
    assert.equal(await content.discardIngest('discarded', async () => true), false, 'it is being written');
    await writer.discard();
  }
  {
    const expected = { digest: digestOf(bytesOf(2)) };
    await using writer = await content.writer('wrong', { ...upload, expected });
    await writer.write(bytesOf(1));
    await assert.rejects(writer.commit(), { code: 'ERR_BLOB_DIGEST_MISMATCH' });
  }
  assert.deepEqual([refsIn(store), ingestsIn(store)], [[], []]);
});

test('the longest untouched transfer goes first above the limits, and none that is being written', {
  skip,
}, async (context) => {
  await using store = openStoreAt(storeRoot(context));
  const { metadata } = store;
  const touch = (ref: string, at: number): Promise<unknown> =>
    metadata.db.transact(() => metadata.db.statement('UPDATE transfer SET written_at = ? WHERE ref = ?').run(at, ref));
  const day = 24 * 3600 * 1000;
  for (const [at, ref] of ['a', 'b', 'c', 'd'].entries()) {
    await write(store, ref, 1 << 20);
    await touch(ref, Date.now() - (8 - 2 * at) * day);
  }
  const trim = (totalBytes: number, count = 10): Promise<number> =>
    trimTransfers(store, { totalBytes, idleMs: 7 * day, count });
  await using lease = await metadata.leases.open('test');
  {
    await using _held = await new TrackedContentStore(store.content, metadata, lease).writer('a', upload);
    await touch('a', Date.now() - 8 * day);
    assert.equal(await trim(10e9), 0);
  }
  await touch('a', Date.now() - 8 * day);
  assert.equal(await trim(10e9), 1, 'idle for more than a week');
  assert.deepEqual(refsIn(store), ['b', 'c', 'd']);
  assert.equal(await trim(1.5 * (1 << 20)), 2, 'more than the store may hold');
  assert.deepEqual(refsIn(store), ['d']);
  assert.equal(await trim(10e9), 0);
  for (const ref of ['e', 'f']) await write(store, ref, 0);
  assert.equal(await trim(10e9, 2), 1, 'more of them than the store may hold');
  assert.deepEqual(refsIn(store), ['e', 'f']);
});

test('unfinished transfers are removed when the disk is short of space', {
  skip: needs('root', 'mount'),
}, async (context) => {
  const folder = mountSmallDisk(context, 'size=64m');
  await using store = openStoreAt(join(folder, 'store'));
  await write(store, 'empty', 0);
  for (const ref of ['first', 'second']) await write(store, ref, 20 << 20);
  assert.equal(await trimTransfers(store), 0);
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(join(folder, 'ballast'), new Uint8Array(bavail * bsize - (1 << 20)));
  assert.equal(await trimTransfers(store), 1);
  assert.deepEqual(refsIn(store), ['empty', 'second'], 'no more than is needed, and none that takes no room');
});

test('a transfer without its bytes does not stop a collection on a full disk', {
  skip: needs('root', 'mount'),
}, async (context) => {
  const folder = mountSmallDisk(context, 'size=16m');
  await using store = openStoreAt(join(folder, 'store'));
  // The first collection settles the storage driver, whose trials write.
  await collectGarbage(store);
  await write(store, 'lost', 1);
  rmSync(join(placesOf(store).ingests, store.content.ingestName('lost')), { recursive: true });
  fillUp(join(folder, 'ballast'));
  await collectGarbage(store);
  assert.deepEqual([refsIn(store), ingestsIn(store)], [[], []]);
});

test('a transfer that is resumed after it was found idle stays', { skip }, async (context) => {
  await using store = openStoreAt(storeRoot(context));
  await write(store, 'a', 5);
  const [found] = listTransfers(store);
  assert.ok(found);
  assert.equal(await discardTransfer(store, { ...found, writtenAt: found.writtenAt - 1 }), false);
  assert.equal(await write(store, 'a', 0), 5);
});

test('system df lists unfinished transfers, and system prune removes them', { skip }, async (context) => {
  const strata = strataCommand(context);
  const df = async (): Promise<string> => (await strata('system', 'df')).stdout;
  {
    await using store = openStoreAt(strata.root);
    await write(store, 'upload-1', fiveMegabytes);
    await using lease = await store.metadata.leases.open('test');
    await using _held = await new TrackedContentStore(store.content, store.metadata, lease).writer('upload-1', upload);
    assert.match(await df(), /^Transfers +1 +1 +5\.\d+MB +0B \(0%\)$/m);
    assert.doesNotMatch((await strata('system', 'prune', '-f')).stdout, /upload-1/);
  }
  assert.match(await df(), /^Transfers +1 +0 +5\.\d+MB +5\.\d+MB \(100%\)$/m);
  const asked = await strata.with({ input: 'n\n' }, 'system', 'prune');
  assert.match(asked.stdout, / {2}- unused build cache\n {2}- all unfinished downloads and uploads\n/);
  const early = await strata('system', 'prune', '-f', '--filter', 'until=1h');
  assert.doesNotMatch(early.stdout, /upload-1/, 'written to since');
  const pruned = await strata('system', 'prune', '-f');
  assert.match(pruned.stdout, /^Deleted unfinished transfers:\nupload-1\n\nTotal reclaimed space: 5\.\d+MB\n$/m);
  assert.doesNotMatch(await df(), /Transfers/);
  assert.ok(existsSync(placesOf(strata).ingests));
});
