// Sources for the bytes of a layer's blob: each state by the content of the store, and pins on the source found.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Engine } from '../../../src/engine/index.ts';
import { chainIds } from '../../../src/layer/chain-id.ts';
import { parseDiffId, parseDigest } from '../../../src/spec/digest.ts';
import { type Presence, pinPresence, presenceOf, type WantedBlob } from '../../../src/store/layers/presence.ts';
import type { Store } from '../../../src/store/store.ts';
import { closeAfter } from '../../helpers/close-after.ts';
import { asTar, dockerArchive, image, sha256 } from '../../helpers/image-archives.ts';
import { needs } from '../../helpers/needs.ts';
import { openStoreAt } from '../../helpers/open-store-at.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { dir, file, symlink, tar } from '../../helpers/tar-builder.ts';

const skip = needs('root', 'overlay');

const merged = tar(dir('usr'), dir('usr/lib'), symlink('lib', 'usr/lib'));
// The layer goes through a symlink of the one below: its files are not where its entries say.
const through = tar(file('lib/file', 'x'));
const digest = (bytes: Uint8Array) => parseDigest(`sha256:${sha256(bytes)}`);
const diffId = (bytes: Uint8Array) => parseDiffId(`sha256:${sha256(bytes)}`);
const nobodys = parseDigest(`sha256:${'0'.repeat(64)}`);

/** Creates a store with an image of both layers, each packed by `pack`. */
async function loadImage(context: TestContext, pack: (layer: Uint8Array) => Uint8Array): Promise<Store> {
  const root = storeRoot(context);
  await using engine = await Engine.open({ root, storageDriver: 'overlay2' });
  const archive = asTar(dockerArchive([{ image: image([merged, through]), tags: ['app:1'] }], pack));
  await engine.images.load({
    input: (async function* () {
      yield archive;
    })(),
  }).result;
  const store = openStoreAt(root);
  closeAfter(context, store);
  return store;
}

function snapshotOf({ metadata }: Store, ...layers: readonly Uint8Array[]): string {
  const chainId = chainIds(layers.map(diffId)).at(-1);
  const id = chainId && metadata.snapshots.ofChain('overlay2', chainId);
  assert.ok(id, 'the layers are unpacked');
  return id;
}

function states(store: Store, wanted: Readonly<Record<string, readonly [WantedBlob, Presence]>>): void {
  for (const [what, [blob, presence]] of Object.entries(wanted))
    assert.deepEqual(presenceOf(store.metadata, blob), presence, what);
}

test('the presence of a layer loaded as a bare tar follows from its blob and its files', { skip }, async (context) => {
  const store = await loadImage(context, (layer) => layer);
  const base = { diffId: diffId(merged), digest: digest(merged) };
  const upper = { diffId: diffId(through), digest: digest(through) };
  const [snapshotId, dependent] = [snapshotOf(store, merged), snapshotOf(store, merged, through)];
  states(store, {
    'its files give the tar back': [
      { ...base, snapshotId },
      { state: 'remakeable', snapshotId },
    ],
    'it is not unpacked for this driver': [base, { state: 'remote' }],
    'its snapshot is gone': [{ ...base, snapshotId: 'gone' }, { state: 'remote' }],
    'its files do not, so its tar is kept': [
      { ...upper, snapshotId: dependent },
      { state: 'present', digest: upper.digest },
    ],
    'a blob that is not recorded as the layer': [{ ...base, digest: nobodys }, { state: 'absent' }],
    'a layer that no image has': [
      { diffId: diffId(Buffer.from('none')), digest: digest(Buffer.from('none')) },
      { state: 'absent' },
    ],
  });
});

test('the presence of a layer loaded compressed follows from that blob and its files', { skip }, async (context) => {
  const store = await loadImage(context, (layer) => gzipSync(layer));
  const compressed = digest(gzipSync(merged));
  const base = { diffId: diffId(merged), digest: digest(merged) };
  const [snapshotId, dependent] = [snapshotOf(store, merged), snapshotOf(store, merged, through)];
  const seen = { digest: nobodys, mediaType: 'seen', compression: 'gzip', sizeBytes: 1, recipe: undefined } as const;
  await store.metadata.db.transact(() => store.metadata.layers.addBlob(base.diffId, seen));
  states(store, {
    'the blob itself': [
      { ...base, digest: compressed, snapshotId },
      { state: 'present', digest: compressed },
    ],
    'its tar, from its files': [
      { ...base, snapshotId },
      { state: 'remakeable', snapshotId },
    ],
    'its tar, out of the blob': [base, { state: 'present', digest: compressed }],
    'its tar, where the files do not give it back': [
      { diffId: diffId(through), digest: digest(through), snapshotId: dependent },
      { state: 'present', digest: digest(gzipSync(through)) },
    ],
    'a blob that is known to be the layer, and not here': [
      { ...base, digest: nobodys, snapshotId },
      { state: 'remote' },
    ],
  });
});

test('the source found is pinned at once', { skip }, async (context) => {
  const store = await loadImage(context, (layer) => gzipSync(layer));
  const { metadata } = store;
  const base = { diffId: diffId(merged), digest: digest(merged) };
  const compressed = digest(gzipSync(merged));
  const pinned = (kind: 'blob' | 'layer', key: string): boolean => {
    const row = metadata.objects.find(kind, key);
    return row !== undefined && metadata.objects.countPins(row) > 0;
  };
  await using lease = await metadata.leases.open('test');
  await pinPresence(metadata, { ...base, digest: nobodys }, { lease });
  assert.deepEqual([pinned('blob', compressed), pinned('layer', base.diffId)], [false, false]);
  await pinPresence(metadata, base, { lease });
  assert.deepEqual([pinned('blob', compressed), pinned('layer', base.diffId)], [true, false]);
  await pinPresence(metadata, { ...base, snapshotId: snapshotOf(store, merged) }, { lease });
  assert.deepEqual([pinned('blob', compressed), pinned('layer', base.diffId)], [true, true]);
});
