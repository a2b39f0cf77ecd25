import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digestOf } from '../../../src/content/verify.ts';
import { utf8 } from '../../../src/lib/bytes.ts';
import type { NewImage } from '../../../src/metadata/images.ts';
import type { LayerRecord } from '../../../src/metadata/layers.ts';
import type { Metadata } from '../../../src/metadata/metadata.ts';
import type { NewTarget } from '../../../src/metadata/targets.ts';
import { type ChainId, type DiffId, type Digest, parseChainId, parseDiffId } from '../../../src/spec/digest.ts';
import { newStore } from './open-store.ts';

const digest = (name: string): Digest => digestOf(utf8(name));
const diffId = (name: string): DiffId => parseDiffId(digest(name));
const chainId = (name: string): ChainId => parseChainId(digest(name));

const layer = (name: string): LayerRecord => ({
  diffId: diffId(name),
  tarSizeBytes: 10240,
  sizeBytes: 5000,
  entries: 7,
  remakeable: true,
});

const image = (name: string, changes: Partial<NewImage> = {}): NewImage => ({
  id: digest(`${name} config`),
  os: 'linux',
  architecture: 'arm64',
  variant: 'v8',
  sizeBytes: 5000,
  labels: { 'org.example.name': name },
  madeAt: 1_700_000_000_000,
  layers: [
    { diffId: diffId('base'), chainId: chainId('base') },
    { diffId: diffId(name), chainId: chainId(`base+${name}`) },
  ],
  ...changes,
});

const target = (name: string, imageNames: readonly string[] = [name]): NewTarget => ({
  digest: digest(`${name} manifest`),
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  sizeBytes: 400,
  links: [{ kind: 'blob', key: digest(`${name} layer`) }],
  images: imageNames.map((one) => ({ imageId: digest(`${one} config`), manifest: digest(`${one} manifest`) })),
});

const put = async (metadata: Metadata, name: string): Promise<void> => {
  await using lease = await metadata.leases.open('test');
  await metadata.db.transact(() => metadata.images.put(image(name), lease));
  await metadata.db.transact(() => metadata.targets.put(target(name), lease));
};

describe('layers', () => {
  test('come back, and are found by every blob they were seen as', async (context) => {
    const { metadata } = await newStore(context);
    await using lease = await metadata.leases.open('test');
    const { db, layers } = metadata;
    assert.equal(layers.get(diffId('a')), undefined);
    await layers.put(layer('a'), lease);
    await layers.put(layer('a'), lease);
    const gzip = {
      digest: digest('a.gz'),
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      compression: 'gzip' as const,
      sizeBytes: 900,
      recipe: undefined,
    };
    await db.transact(() => layers.addBlob(diffId('a'), gzip));
    await db.transact(() => layers.addBlob(diffId('a'), { ...gzip, recipe: '{"codec":"x"}' }));
    await db.transact(() => layers.addBlob(diffId('a'), gzip));
    await db.transact(() => layers.addBlob(diffId('a'), { ...gzip, digest: digest('a.zst'), compression: 'zstd' }));
    assert.deepEqual(layers.get(diffId('a')), layer('a'));
    assert.deepEqual(layers.list(), [layer('a')]);
    assert.deepEqual(
      layers
        .blobsOf(diffId('a'))
        .map(({ compression, recipe }) => `${compression} ${recipe}`)
        .sort(),
      ['gzip {"codec":"x"}', 'zstd undefined'],
    );
    await using user = await metadata.leases.open('user');
    assert.deepEqual(await layers.findByBlob(digest('a.zst'), user), layer('a'));
    assert.equal(await layers.findByBlob(digest('nothing'), user), undefined);
    assert.equal(metadata.objects.countPins(metadata.objects.find('layer', diffId('a')) ?? 0), 2);
    await assert.rejects(() => db.transact(() => layers.addBlob(diffId('unknown'), gzip)), /FOREIGN KEY/);
  });
});

describe('images and targets', () => {
  test('an image comes back with its layers, and keeps what it consists of', async (context) => {
    const { metadata } = await newStore(context);
    await put(metadata, 'app');
    const { layers, ...record } = image('app');
    assert.deepEqual(metadata.images.get(record.id), record);
    assert.deepEqual(metadata.images.layersOf(record.id), layers);
    assert.deepEqual(metadata.images.layersOf(digest('unknown')), []);
    const links = metadata.objects.linksOf({ kind: 'image', key: record.id });
    assert.deepEqual(
      links,
      [
        { kind: 'blob', key: record.id },
        { kind: 'layer', key: diffId('app') },
        { kind: 'layer', key: diffId('base') },
      ].sort((a, b) => (a.kind + a.key < b.kind + b.key ? -1 : 1)),
    );
  });

  test('an ID is found by its first digits', async (context) => {
    const { metadata } = await newStore(context);
    for (const name of ['a', 'b', 'c']) await put(metadata, name);
    const id = image('b').id;
    assert.deepEqual(metadata.images.findByPrefix(id.slice(0, 'sha256:'.length + 12), 2), [id]);
    assert.deepEqual(metadata.images.findByPrefix(id, 2), [id]);
    assert.equal(metadata.images.findByPrefix('sha256:', 2).length, 2);
    assert.equal(metadata.images.findByPrefix('sha256:', 9).length, 3);
  });

  test('an index leads to several images, an image to several targets', async (context) => {
    const { metadata } = await newStore(context);
    const { db, targets } = metadata;
    await put(metadata, 'app');
    await put(metadata, 'other');
    await using lease = await metadata.leases.open('test');
    await db.transact(() => targets.put({ ...target('index', ['app']), artifactType: 'application/x' }, lease));
    await db.transact(() => targets.put({ ...target('index', ['other']), artifactType: 'application/x' }, lease));
    const { digest: index, mediaType, sizeBytes } = target('index');
    const { createdAt, ...rest } = targets.get(index) ?? assert.fail();
    assert.ok(Math.abs(Date.now() - createdAt) < 60_000);
    assert.deepEqual(rest, { digest: index, mediaType, sizeBytes, artifactType: 'application/x', kept: false });
    assert.deepEqual(
      new Set(targets.imagesOf(index).map(({ imageId }) => imageId)),
      new Set([image('app').id, image('other').id]),
    );
    assert.deepEqual(new Set(targets.targetsOf(image('app').id)), new Set([index, target('app').digest]));
    assert.equal(targets.list().length, 3);
    await db.transact(() => targets.setKept(index, true));
    assert.equal(targets.get(index)?.kept, true);
    await assert.rejects(() => db.transact(() => targets.setKept(digest('unknown'), true)), {
      code: 'ERR_OBJECT_NOT_FOUND',
      kind: 'not-found',
    });
  });

  test('a thousand images are listed with their names, newest first', async (context) => {
    const { metadata } = await newStore(context);
    await using lease = await metadata.leases.open('test');
    await metadata.db.transact(() => {
      for (let i = 0; i < 1000; i++) {
        metadata.images.put(image(`n${i}`, { madeAt: 1_700_000_000_000 + i }), lease);
        metadata.targets.put(target(`n${i}`), lease);
        if (i % 2 === 0) metadata.tags.set(`docker.io/library/n${i}:latest`, target(`n${i}`).digest);
        if (i % 4 === 0) metadata.tags.set(`docker.io/library/n${i}:1`, target(`n${i}`).digest);
      }
    });
    const all = metadata.images.list();
    assert.equal(all.length, 1000);
    const { layers: _, ...last } = image('n999', { madeAt: 1_700_000_000_999 });
    assert.deepEqual(all[0], { ...last, tags: [], targets: [target('n999').digest] });
    assert.deepEqual(all[999]?.tags, [
      { reference: 'docker.io/library/n0:1', target: target('n0').digest },
      { reference: 'docker.io/library/n0:latest', target: target('n0').digest },
    ]);
    assert.equal(all.flatMap(({ tags }) => tags).length, 750);
  });
});

describe('tags', () => {
  test('move, go, and remember', async (context) => {
    const { metadata } = await newStore(context);
    const { db, tags } = metadata;
    await put(metadata, 'a');
    await put(metadata, 'b');
    const [a, b] = [target('a').digest, target('b').digest];
    const name = 'docker.io/library/x:latest';
    assert.equal(tags.get(name), undefined);
    assert.equal(await db.transact(() => tags.set(name, a)), undefined);
    assert.equal(await db.transact(() => tags.set(name, a)), a);
    assert.equal(await db.transact(() => tags.set(name, b)), a);
    assert.equal(tags.get(name)?.target, b);
    assert.deepEqual(tags.ofTarget(a), []);
    assert.deepEqual(
      tags.ofTarget(b).map(({ reference }) => reference),
      [name],
    );
    assert.equal(await db.transact(() => tags.remove(name)), b);
    assert.equal(await db.transact(() => tags.remove(name)), undefined);
    assert.deepEqual(tags.list(), []);
    assert.deepEqual(
      tags.history(name).map(({ target: digestThen }) => digestThen),
      [undefined, b, a],
    );
    await assert.rejects(() => db.transact(() => tags.set(name, digest('unknown'))), { code: 'ERR_OBJECT_NOT_FOUND' });
  });

  test('the past of a tag does not grow without end', async (context) => {
    const { metadata } = await newStore(context);
    await put(metadata, 'a');
    await put(metadata, 'b');
    await metadata.db.transact(() => {
      metadata.tags.set('kept', target('a').digest);
      for (let i = 0; i < 130; i++) metadata.tags.set('x', target(i % 2 === 0 ? 'a' : 'b').digest);
    });
    assert.equal(metadata.tags.history('x').length, 100);
    assert.equal(metadata.tags.history('x')[0]?.target, target('b').digest);
    assert.equal(metadata.tags.history('kept').length, 1);
  });
});

describe('containers', () => {
  test('have one name each and keep their image and snapshot', async (context) => {
    const { metadata } = await newStore(context);
    const { db, containers } = metadata;
    await put(metadata, 'app');
    const one = {
      id: 'aa11',
      name: 'one',
      imageId: image('app').id,
      snapshotId: undefined,
      definition: { config: { Cmd: ['sh'] } },
      state: { status: 'created' },
    };
    await db.transact(() => containers.insert(one));
    const { createdAt, ...found } = containers.get('aa11') ?? assert.fail();
    assert.ok(createdAt > 0);
    assert.deepEqual(found, one);
    assert.deepEqual(containers.getByName('one'), containers.get('aa11'));
    const taken = {
      code: 'ERR_CONTAINER_NAME_IN_USE',
      kind: 'conflict',
      hint: /^Choose another name/,
      message: /container "aa11"/,
    };
    await assert.rejects(() => db.transact(() => containers.insert({ ...one, id: 'aa22' })), taken);
    await db.transact(() => containers.insert({ ...one, id: 'aa22', name: 'two' }));
    await assert.rejects(() => db.transact(() => containers.rename('aa22', 'one')), taken);
    assert.equal(await db.transact(() => containers.rename('aa22', 'zwei')), true);
    assert.equal(await db.transact(() => containers.rename('zz', 'free')), false);
    assert.equal(await db.transact(() => containers.setState('aa22', ['any', { thing: null }])), true);
    assert.deepEqual(containers.get('aa22')?.state, ['any', { thing: null }]);
    assert.equal(await db.transact(() => containers.setState('zz', {})), false);
    const changed = await db.transact(() => containers.change('aa22', ({ state }) => ({ was: state })));
    assert.deepEqual(changed?.state, { was: ['any', { thing: null }] });
    assert.deepEqual(containers.get('aa22'), changed);
    assert.deepEqual(await db.transact(() => containers.change('aa22', () => undefined)), changed);
    assert.equal(await db.transact(() => containers.change('zz', () => ({}))), undefined);
    assert.deepEqual(containers.findByPrefix('aa', 9), ['aa11', 'aa22']);
    assert.deepEqual(containers.findByPrefix('aa2', 9), ['aa22']);
    assert.equal(containers.ofImage(one.imageId).length, 2);
    assert.equal(containers.list().length, 2);
    assert.equal(await db.transact(() => containers.remove('aa22')), true);
    assert.equal(await db.transact(() => containers.remove('aa22')), false);
  });

  test('need what they stand on', async (context) => {
    const { metadata } = await newStore(context);
    const none = { id: 'a', name: 'a', imageId: undefined, snapshotId: undefined, state: null };
    const missing = { code: 'ERR_OBJECT_NOT_FOUND' };
    await assert.rejects(
      () => metadata.db.transact(() => metadata.containers.insert({ ...none, imageId: digest('unknown') })),
      missing,
    );
    await assert.rejects(
      () => metadata.db.transact(() => metadata.containers.insert({ ...none, snapshotId: 'unknown' })),
      missing,
    );
    await metadata.db.transact(() => metadata.containers.insert(none));
  });
});

describe('build records', () => {
  test('a result is found, pinned and counted, until something of it is lost', async (context) => {
    const { metadata } = await newStore(context);
    const { db, builds, layers, blobs } = metadata;
    await using lease = await metadata.leases.open('build');
    await layers.put(layer('a'), lease);
    await db.transact(() => blobs.put({ digest: digest('b'), sizeBytes: 3 }, lease));
    const links = [{ kind: 'layer', key: diffId('a') } as const, { kind: 'blob', key: digest('b') } as const];
    const step = {
      id: 'k@driver',
      key: 'sha256:k',
      description: 'RUN true',
      result: { snapshot: 's' },
      sizeBytes: 8,
      links,
    };
    assert.equal(await builds.find(step.key, lease), undefined);
    await builds.put(step, lease);
    await lease[Symbol.asyncDispose]();
    assert.equal(builds.list()[0]?.inUse, false);
    {
      await using user = await metadata.leases.open('another build');
      const { createdAt, lastUsedAt, ...found } = (await builds.find(step.key, user)) ?? assert.fail();
      assert.ok(lastUsedAt >= createdAt);
      const { links: _, ...rest } = step;
      assert.deepEqual(found, { ...rest, useCount: 1, inUse: true });
      assert.equal(await db.transact(() => builds.remove(step.id)), false, 'it is in use');
    }
    assert.equal(await db.transact(() => blobs.forget(digest('b'), undefined)), true);
    await using user = await metadata.leases.open('a third build');
    assert.equal(await builds.find(step.key, user), undefined);
    assert.deepEqual(builds.list(), [], 'a record without its result is gone');
  });

  test('a new result replaces the old one, and the least used comes first', async (context) => {
    const { metadata } = await newStore(context);
    await using lease = await metadata.leases.open('build');
    const record = (key: string, result: string) => ({
      id: key,
      key,
      description: '',
      result,
      sizeBytes: 0,
      links: [],
    });
    await metadata.builds.put(record('a', 'old'), lease);
    await metadata.builds.put(record('b', 'b'), lease);
    await metadata.builds.put(record('a', 'new'), lease);
    await lease[Symbol.asyncDispose]();
    assert.deepEqual(
      metadata.builds
        .list()
        .map(({ key, result }) => `${key} ${JSON.stringify(result)}`)
        .sort(),
      ['a "new"', 'b "b"'],
    );
    assert.equal(await metadata.db.transact(() => metadata.builds.remove('a')), true);
    assert.equal(await metadata.db.transact(() => metadata.builds.remove('a')), false);
  });

  test('a result has several keys, and a key several results, of which the first wanted and whole one is found', async (context) => {
    const { metadata } = await newStore(context);
    const { db, builds, blobs } = metadata;
    await using lease = await metadata.leases.open('build');
    await db.transact(() => blobs.put({ digest: digest('b'), sizeBytes: 3 }, lease));
    const links = [{ kind: 'blob', key: digest('b') } as const];
    const record = { key: 'content', otherKeys: ['definition'], description: '', sizeBytes: 0, links: [] };
    await builds.put({ ...record, id: 'content@one', result: 1, links }, lease);
    await builds.put({ ...record, id: 'content@two', result: 2 }, lease);
    const find = async (key: string, wanted?: number) =>
      (await builds.find(key, lease, ({ result }) => wanted === undefined || result === wanted))?.result;
    for (const key of ['content', 'definition']) {
      const found = [await find(key), await find(key, 1), await find(key, 2), await find(key, 3)];
      assert.deepEqual(found, [1, 1, 2, undefined]);
    }
    assert.equal(await find('later'), undefined);
    await builds.addKey('content@two', 'later');
    await builds.addKey('nothing', 'later');
    assert.equal(await find('later'), 2);
    await lease[Symbol.asyncDispose]();
    await db.transact(() => blobs.forget(digest('b'), undefined));
    await using user = await metadata.leases.open('another build');
    assert.equal((await builds.find('definition', user))?.result, 2, 'the first has lost its blob');
    assert.deepEqual(
      builds.list().map(({ id }) => id),
      ['content@two'],
    );
  });
});
