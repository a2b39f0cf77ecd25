import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { LocalContentStore } from '../../../src/content/local/store.ts';
import { ObjectLocks } from '../../../src/content/object-locks.ts';
import { digestOf } from '../../../src/content/verify.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import type { Digest } from '../../../src/spec/digest.ts';
import { needs, output } from '../../helpers/needs.ts';
import { createRandom, isSoak, runSeed } from '../../helpers/random.ts';

const seed = runSeed();
const blobs = 24;

/** Runs `body` in a small tmpfs, mounted with these options. */
async function onTmpfs(options: string, body: (root: string) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'strata-full-'));
  output('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', root);
  try {
    await body(root);
  } finally {
    output('umount', root);
    rmSync(root, { recursive: true });
  }
}

function openStore(root: string): LocalContentStore {
  const locks = new ObjectLocks(join(root, 'locks'));
  return LocalContentStore.open({ directory: join(root, 'content'), locks, trashDirectory: root });
}

async function put(store: LocalContentStore, ref: string, bytes: Uint8Array): Promise<Digest> {
  await using writer = await store.writer(ref, { expected: { digest: digestOf(bytes), sizeBytes: bytes.length } });
  for (let i = 0; i < bytes.length; i += 40_000) await writer.write(bytes.subarray(i, i + 40_000));
  return (await writer.commit()).digest;
}

/** Commits until after the disk is full, then judges the store. Returns the number of refused writes. */
async function fillUp(root: string, says: RegExp): Promise<number> {
  const random = createRandom(seed);
  let store: LocalContentStore;
  try {
    store = openStore(root);
  } catch (error) {
    assert.ok(isStrataError(error, 'ERR_NO_SPACE'), String(error));
    assert.match(error.message, says);
    return blobs;
  }
  const stored = new Map<Digest, Uint8Array>();
  let refused = 0;
  for (let i = 0; i < blobs; i++) {
    const bytes = random.bytes(1 + random.next(150_000));
    try {
      stored.set(await put(store, `blob ${i}`, bytes), bytes);
    } catch (error) {
      assert.ok(isStrataError(error, 'ERR_NO_SPACE'), String(error));
      assert.equal(error.kind, 'exhausted');
      assert.match(error.message, says);
      refused++;
    }
  }
  assert.deepEqual(readdirSync(join(root, 'content/ingest')), [], 'everything temporary is gone');
  const listed: Digest[] = [];
  for await (const { digest } of store.list()) listed.push(digest);
  assert.deepEqual(new Set(listed), new Set(stored.keys()));
  for (const [digest, bytes] of stored) {
    await using reader = await store.open(digest);
    const content = new Uint8Array(reader.sizeBytes);
    await reader.read(content, 0);
    assert.ok(Buffer.from(content).equals(bytes));
  }
  for (const digest of listed) assert.ok(await store.delete(digest), 'a full store can be emptied');
  for (const name of readdirSync(root)) if (name.startsWith('blob-')) rmSync(join(root, name));
  if (stored.size > 0) await put(store, 'afterwards', [...stored.values()][0] ?? new Uint8Array());
  return refused;
}

describe(`a full disk (STRATA_SEED=${seed})`, { skip: needs('root', 'mount') }, () => {
  test('refuses writes at every size, by bytes', async () => {
    const step = isSoak ? 8 : 128;
    let refused = 0;
    let sizes = 0;
    for (let kib = 4; kib <= 2048; kib += step, sizes++) {
      await onTmpfs(`size=${kib}k`, async (root) => {
        refused += await fillUp(root, /no space left on device/);
      });
    }
    assert.ok(refused > sizes, `only ${refused} writes were refused`);
    if (isSoak) console.log(JSON.stringify({ seed, scenario: 'full disk by bytes', sizes, refused }));
  });

  test('refuses writes at every size, by inodes', async () => {
    const step = isSoak ? 1 : 7;
    let refused = 0;
    let sizes = 0;
    for (let inodes = 2; inodes <= 60; inodes += step, sizes++) {
      await onTmpfs(`size=64m,nr_inodes=${inodes}`, async (root) => {
        refused += await fillUp(root, /no inodes left on device/);
      });
    }
    assert.ok(refused > sizes, `only ${refused} writes were refused`);
    if (isSoak) console.log(JSON.stringify({ seed, scenario: 'full disk by inodes', sizes, refused }));
  });
});
