import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryContentStore } from '../../../src/content/memory.ts';
import type { BlobProvider } from '../../../src/content/types.ts';
import { type BlobCheckInput, checkBlobs } from '../../../src/images/check/check-blobs.ts';
import { utf8 } from '../../../src/lib/bytes.ts';
import type { Digest } from '../../../src/spec/digest.ts';

async function storeText(content: MemoryContentStore, text: string): Promise<Digest> {
  await using writer = await content.writer(text);
  await writer.write(utf8(text));
  return (await writer.commit()).digest;
}

/** Returns a store like one with a bad sector under one blob. */
const failing = (content: BlobProvider, bad: Digest, code: string): BlobProvider => ({
  open: async (digest, options) => {
    if (digest === bad) throw Object.assign(new Error(`${code}: i/o error, read`), { code, syscall: 'read' });
    return await content.open(digest, options);
  },
});

test('a blob that the disk does not give back is named, and the others are looked at all the same', async () => {
  const content = new MemoryContentStore();
  const digests = [await storeText(content, 'one'), await storeText(content, 'two'), await storeText(content, 'three')];
  const records = digests.map((digest, at) => ({ digest, sizeBytes: [3, 3, 5][at] ?? 0, createdAt: 0 }));
  const blobs = { list: () => records };
  const bad = digests[1] ?? assert.fail();
  const looked: string[] = [];
  const report = ({ key }: { readonly key: string }): void => void looked.push(key);
  const partsFailing = (code: string): BlobCheckInput => ({
    blobs,
    content: failing(content, bad, code),
    hold: async () => true,
  });
  assert.deepEqual(await checkBlobs(partsFailing('EIO'), report, {}), [
    { kind: 'blob', key: bad, problem: 'cannot be read from the disk (EIO)' },
  ]);
  assert.deepEqual(looked, digests);
  // A refused permission is no damage of the blob.
  await assert.rejects(checkBlobs(partsFailing('EACCES'), report, {}), { code: 'EACCES' });
});
