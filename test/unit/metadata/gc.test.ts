import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { digestOf } from '../../../src/content/verify.ts';
import { utf8 } from '../../../src/lib/bytes.ts';
import { GarbageCollector } from '../../../src/metadata/garbage-collector.ts';
import type { StoreLease } from '../../../src/metadata/leases.ts';
import type { ObjectRef } from '../../../src/metadata/objects.ts';
import { blobSweeper, fileSweeper, type SweepContext, snapshotSweeper } from '../../../src/metadata/sweepers.ts';
import { TrackedContentStore } from '../../../src/metadata/tracked-content.ts';
import { emptyTrash } from '../../../src/metadata/trash.ts';
import type { ChainId, DiffId, Digest } from '../../../src/spec/digest.ts';
import { fc } from '../../helpers/properties.ts';
import { newStore, openStore, type TestStore, temporaryRoot } from './open-store.ts';

const digest = (name: string): Digest => digestOf(utf8(name));
const blob = (name: string): ObjectRef => ({ kind: 'blob', key: digest(name) });

async function putBlob({ content, metadata }: TestStore, text: string, lease: StoreLease): Promise<Digest> {
  await using writer = await new TrackedContentStore(content, metadata, lease).writer(text);
  await writer.write(utf8(text));
  return (await writer.commit()).digest;
}

async function putTarget(
  { metadata }: TestStore,
  name: string,
  links: readonly ObjectRef[],
  lease: StoreLease,
): Promise<Digest> {
  await metadata.db.transact(() =>
    metadata.targets.put({ digest: digest(name), mediaType: 'x', sizeBytes: 1, links, images: [] }, lease),
  );
  return digest(name);
}

const namesInTrash = (root: string): string[] => readdirSync(join(root, 'trash'));

describe('collection', () => {
  test('takes rows and files of what nothing reaches, and nothing else', async (context) => {
    const store = await newStore(context);
    const { metadata, content, collector, root } = store;
    const lease = await metadata.leases.open('test');
    for (const text of ['manifest', 'layer', 'loose']) await putBlob(store, text, lease);
    await putTarget(store, 'manifest', [blob('layer')], lease);
    await metadata.db.transact(() => metadata.tags.set('x', digest('manifest')));
    assert.deepEqual((await collector.collect()).removed, [], 'everything is pinned');
    await lease[Symbol.asyncDispose]();
    assert.deepEqual(await collector.collect(), { deadLeases: 0, removed: [blob('loose')] });
    assert.equal(existsSync(content.path(digest('loose'))), false);
    assert.equal(namesInTrash(root).length, 1);
    await metadata.db.transact(() => metadata.tags.remove('x'));
    const { removed } = await collector.collect();
    assert.deepEqual(removed.map(({ kind }) => kind).sort(), ['blob', 'blob', 'target']);
    assert.deepEqual(await collector.findOrphans(), []);
    assert.equal(metadata.db.statement<{ n: number }>('SELECT count(*) AS n FROM object').get()?.n, 0);
    await emptyTrash(join(root, 'trash'));
    assert.deepEqual(namesInTrash(root), []);
  });

  test('every kind of root holds', async (context) => {
    const store = await newStore(context);
    const { metadata, collector } = store;
    const lease = await metadata.leases.open('test');
    const names = ['tagged', 'kept', 'of container', 'built', 'lost'];
    for (const name of names) await putBlob(store, name, lease);
    await putTarget(store, 'tagged', [], lease);
    await metadata.db.transact(() => metadata.tags.set('x', digest('tagged')));
    await putTarget(store, 'kept', [], lease);
    await metadata.db.transact(() => metadata.targets.setKept(digest('kept'), true));
    await metadata.db.transact(() =>
      metadata.images.put(
        {
          id: digest('of container'),
          os: 'linux',
          architecture: 'amd64',
          variant: undefined,
          sizeBytes: 0,
          labels: {},
          madeAt: undefined,
          layers: [],
        },
        lease,
      ),
    );
    await metadata.db.transact(() =>
      metadata.containers.insert({
        id: 'c',
        name: 'c',
        imageId: digest('of container'),
        snapshotId: undefined,
        state: null,
      }),
    );
    await metadata.builds.put(
      { id: 'k', key: 'k', description: '', result: null, sizeBytes: 0, links: [blob('built')] },
      lease,
    );
    await lease[Symbol.asyncDispose]();
    assert.deepEqual((await collector.collect()).removed, [blob('lost')]);
    const user = await metadata.leases.open('a build');
    assert.ok(await metadata.builds.find('k', user));
    assert.deepEqual((await collector.collect({ keepBuildCache: false })).removed, [], 'the cache is in use');
    await user[Symbol.asyncDispose]();
    assert.deepEqual((await collector.collect({ keepBuildCache: false })).removed.length, 2);
    await metadata.db.transact(() => metadata.targets.setKept(digest('kept'), false));
    await metadata.db.transact(() => metadata.tags.remove('x'));
    await metadata.db.transact(() => metadata.containers.remove('c'));
    await collector.collect();
    assert.deepEqual(metadata.blobs.list(), []);
    assert.deepEqual(metadata.images.list(), []);
    assert.deepEqual(metadata.targets.list(), []);
  });

  test('a result that a build has found stays, though another build puts a new one in its place', async (context) => {
    const store = await newStore(context);
    const { metadata, collector } = store;
    const step = (result: string) => ({
      id: 'k',
      key: 'k',
      description: '',
      result,
      sizeBytes: 0,
      links: [blob(result)],
    });
    const maker = await metadata.leases.open('a build');
    await putBlob(store, 'old', maker);
    await metadata.builds.put(step('old'), maker);
    await maker[Symbol.asyncDispose]();
    const user = await metadata.leases.open('another build');
    assert.equal((await metadata.builds.find('k', user))?.result, 'old');
    {
      await using again = await metadata.leases.open('a build without cache');
      await putBlob(store, 'new', again);
      await metadata.builds.put(step('new'), again);
    }
    assert.deepEqual((await collector.collect()).removed, [], 'somebody works with it');
    await user[Symbol.asyncDispose]();
    assert.deepEqual((await collector.collect()).removed, [blob('old')]);
  });

  test('names and what they held go in one transaction, or neither does', async (context) => {
    const store = await newStore(context);
    const { metadata, collector } = store;
    {
      await using lease = await metadata.leases.open('test');
      await putBlob(store, 'manifest', lease);
      await putTarget(store, 'manifest', [], lease);
      await metadata.db.transact(() => metadata.tags.set('x', digest('manifest')));
    }
    const release = (): void => void metadata.tags.remove('x');
    const refused = collector.collect({
      release: () => {
        release();
        throw new Error('in use');
      },
    });
    await assert.rejects(refused, /in use/);
    assert.equal(metadata.tags.get('x')?.target, digest('manifest'));
    const { removed } = await collector.collect({ release });
    assert.deepEqual(removed.map(({ kind }) => kind).sort(), ['blob', 'target']);
    assert.equal(metadata.tags.get('x'), undefined);
  });

  test('given up, it leaves all as it was, or has no file of what it forgot', async (context) => {
    const store = await newStore(context);
    const { metadata, collector, content } = store;
    {
      await using lease = await metadata.leases.open('test');
      for (const name of ['one', 'two']) await putBlob(store, name, lease);
    }
    const stop = new AbortController();
    const signal = AbortSignal.abort();
    await assert.rejects(collector.collect({ signal }), { name: 'AbortError' });
    assert.ok(await content.info(digest('one')));
    const release = (): void => stop.abort();
    assert.equal((await collector.collect({ signal: stop.signal, release })).removed.length, 2);
    assert.deepEqual(await collector.findOrphans(), []);
    assert.equal(await content.info(digest('two')), undefined);
  });

  test('an image keeps the snapshot of its whole chain for every driver, and with it those below', async (context) => {
    const { metadata, collector } = await newStore(context);
    const chain = (name: string): ChainId => digest(name) as string as ChainId;
    const image = {
      id: digest('image'),
      os: 'linux',
      architecture: 'amd64',
      variant: undefined,
      sizeBytes: 0,
      labels: {},
      madeAt: undefined,
      layers: ['base', 'top'].map((name) => ({ diffId: digest(name) as string as DiffId, chainId: chain(name) })),
    };
    const unpack = async (driver: string, lease: StoreLease): Promise<void> => {
      const record = { driver, chainId: undefined, durable: false, createdAt: 0, labels: {}, kind: 'active' } as const;
      for (const [name, parentId] of [
        ['base', undefined],
        ['top', `${driver}-base`],
        ['aside', `${driver}-base`],
      ] as const) {
        await metadata.snapshots.insert({ ...record, id: `${driver}-${name}`, parentId }, lease);
        await metadata.snapshots.commit(`${driver}-${name}`, { durable: true, chainId: chain(name) }, lease);
      }
    };
    const standing = (): string[] => metadata.snapshots.list().map(({ id }) => id);
    {
      await using lease = await metadata.leases.open('build');
      await unpack('one', lease);
      await metadata.db.transact(() => metadata.images.put(image, lease));
      await metadata.db.transact(() =>
        metadata.targets.put(
          {
            digest: digest('t'),
            mediaType: 'x',
            sizeBytes: 1,
            links: [],
            images: [{ imageId: image.id, manifest: digest('t') }],
          },
          lease,
        ),
      );
      await metadata.db.transact(() => metadata.tags.set('x', digest('t')));
    }
    await collector.collect();
    assert.deepEqual(standing(), ['one-base', 'one-top']);
    {
      await using lease = await metadata.leases.open('build with another driver');
      await unpack('two', lease);
      await metadata.db.transact(() => metadata.images.put(image, lease));
    }
    await collector.collect();
    assert.deepEqual(standing(), ['one-base', 'one-top', 'two-base', 'two-top']);
    assert.equal(metadata.images.hasChain(chain('top')), true);
    assert.equal(metadata.snapshots.hasChain(chain('aside')), false);
    await metadata.db.transact(() => metadata.tags.remove('x'));
    await collector.collect();
    assert.deepEqual(standing(), []);
  });

  test('a snapshot keeps its ancestors, and a chain goes as a whole', async (context) => {
    const { metadata, collector } = await newStore(context);
    const lease = await metadata.leases.open('test');
    const { snapshots } = metadata;
    const record = { driver: 'toy', chainId: undefined, durable: false, createdAt: 0, labels: {} };
    for (let i = 0; i < 5; i++) {
      await snapshots.insert(
        { ...record, id: `s${i}`, kind: 'active', parentId: i === 0 ? undefined : `s${i - 1}` },
        lease,
      );
      await snapshots.commit(`s${i}`, { durable: true }, lease);
    }
    await metadata.db.transact(() =>
      metadata.containers.insert({ id: 'c', name: 'c', imageId: undefined, snapshotId: 's3', state: null }),
    );
    await lease[Symbol.asyncDispose]();
    assert.deepEqual((await collector.collect()).removed, [{ kind: 'snapshot', key: 's4' }]);
    await metadata.db.transact(() => metadata.containers.remove('c'));
    assert.equal((await collector.collect()).removed.length, 4);
    assert.deepEqual(snapshots.list(), []);
  });

  test('agrees with a walk over any graph', async (context) => {
    const { metadata, collector } = await newStore(context);
    const { objects, leases, db } = metadata;
    const size = 12;
    const node = fc.nat({ max: size - 1 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(node, node), { maxLength: 30 }),
        fc.array(node, { maxLength: 3 }),
        fc.array(node, { maxLength: 3 }),
        async (edges, pinned, absent) => {
          const ref = (i: number): ObjectRef => ({ kind: 'layer', key: `${i}` });
          const maker = await leases.open('maker');
          await using holder = await leases.open('holder');
          await db.transact(() => {
            for (let i = 0; i < size; i++) if (!absent.includes(i)) objects.put('layer', `${i}`, maker);
            for (const [from, to] of edges) objects.link(ref(from), ref(to));
          });
          for (const i of pinned) await holder.pin('layer', `${i}`);
          await maker[Symbol.asyncDispose]();

          const reached = new Set(pinned);
          for (const i of reached) for (const [from, to] of edges) if (from === i) reached.add(to);
          const expected = Array.from({ length: size }, (_, i) => i).filter(
            (i) => !reached.has(i) && !absent.includes(i),
          );
          const removed = (await collector.collect()).removed.map(({ key }) => Number(key));
          assert.deepEqual(
            removed.sort((a, b) => a - b),
            expected,
          );
          for (const i of reached) assert.notEqual(objects.find('layer', `${i}`), undefined);

          await holder[Symbol.asyncDispose]();
          await collector.collect();
          assert.equal(db.statement<{ n: number }>('SELECT count(*) AS n FROM object').get()?.n, 0);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('ends dead leases first', async (context) => {
    const store = await newStore(context);
    const lease = await store.metadata.leases.open('killed');
    await putBlob(store, 'a', lease);
    writeFileSync(join(store.root, 'locks/unrelated'), '');
    const other = await openStore(store.root);
    // After a kill the descriptor is closed and the row stays.
    store.metadata.db.statement("INSERT INTO lease VALUES ('ghost', 'killed', 1, 0)").run();
    store.metadata.db.statement("INSERT INTO lease_ref SELECT 'ghost', id FROM object").run();
    await lease[Symbol.asyncDispose]();
    assert.deepEqual(await other.collector.collect(), { deadLeases: 1, removed: [blob('a')] });
    other[Symbol.dispose]();
  });
});

describe('files and rows that disagree', () => {
  test('a file without a record is an orphan, unless a live lease pins it', async (context) => {
    const { metadata, content, collector, root } = await newStore(context);
    const bytes = utf8('left by a crash');
    await using writer = await content.writer('x');
    await writer.write(bytes);
    const { digest: left } = await writer.commit();
    writeFileSync(join(root, `indexes/${'a'.repeat(64)}.idx`), '');
    writeFileSync(join(root, 'indexes/notes.txt'), '');
    const orphans = [
      { kind: 'blob', key: left },
      { kind: 'layer', key: `sha256:${'a'.repeat(64)}` },
    ];
    const maker = await metadata.leases.open('maker');
    await maker.pin('blob', left);
    assert.deepEqual(await collector.findOrphans(), orphans.slice(1));
    await maker[Symbol.asyncDispose]();
    assert.deepEqual(await collector.findOrphans(), orphans);
    assert.deepEqual(await collector.sweepOrphans(), orphans);
    assert.deepEqual(await collector.sweepOrphans(), []);
    assert.deepEqual(readdirSync(join(root, 'indexes')), ['notes.txt']);
    assert.equal(namesInTrash(root).length, 2);
  });

  test('a blob that was pinned but never recorded is removed with its file', async (context) => {
    const { metadata, content, collector } = await newStore(context);
    const maker = await metadata.leases.open('maker');
    await using writer = await content.writer('x');
    await writer.commit({ beforePublish: (found) => maker.pin('blob', found.digest) });
    await maker[Symbol.asyncDispose]();
    assert.deepEqual((await collector.collect()).removed, []);
    assert.deepEqual(await collector.findOrphans(), []);
  });

  test('a sweeper leaves alone what came back', async (context) => {
    const store = await newStore(context);
    const { metadata, content, locks, root } = store;
    await using lease = await metadata.leases.open('test');
    const isWanted: SweepContext['isWanted'] = ({ kind, key }) => metadata.objects.isWanted(kind, key);
    const back = await putBlob(store, 'back', lease);
    await blobSweeper(content).sweep([back], { isWanted });
    assert.ok(await content.info(back));
    const folder = { directory: root, locks, trashDirectory: join(root, 'trash') };
    const files = fileSweeper({ ...folder, kind: 'layer', nameOf: (key) => key, keyOf: (name) => name });
    for (const name of ['pinned', 'dead']) writeFileSync(join(root, name), '');
    await lease.pin('layer', 'pinned');
    await files.sweep(['pinned', 'dead', 'never there'], { isWanted });
    assert.deepEqual([existsSync(join(root, 'pinned')), existsSync(join(root, 'dead'))], [true, false]);
    assert.equal(namesInTrash(root).length, 1);
  });

  test('drivers look after their own directories', async (context) => {
    const { metadata } = await newStore(context);
    let calls = 0;
    const driver = { cleanup: async () => ++calls };
    const collector = new GarbageCollector(metadata, { snapshot: snapshotSweeper([driver]) });
    await collector.collect();
    assert.equal(calls, 0);
    const lease = await metadata.leases.open('test');
    await metadata.snapshots.insert(
      {
        id: 's',
        driver: 'toy',
        kind: 'active',
        parentId: undefined,
        chainId: undefined,
        durable: false,
        createdAt: 0,
        labels: {},
      },
      lease,
    );
    await lease[Symbol.asyncDispose]();
    await collector.collect();
    assert.equal(calls, 1);
    await collector.sweepOrphans();
    assert.equal(calls, 2);
  });

  test('an aborted collection stops before the next step', async (context) => {
    const store = await newStore(context);
    const stopped = { signal: AbortSignal.abort(new Error('stopped by the test')) };
    await assert.rejects(store.collector.collect(stopped), /stopped by the test/);
    await assert.rejects(emptyTrash(join(temporaryRoot(context)), stopped), /stopped by the test/);
  });
});
