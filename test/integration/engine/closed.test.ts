import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { appendLayer, layerOfFiles } from '../../../src/images/index.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { methodsOf, waitForReturned } from '../../helpers/facade-methods.ts';
import { needs } from '../../helpers/needs.ts';
import { openFiles } from '../../helpers/open-files.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { testStore } from '../../helpers/test-store.ts';
import { patienceMs } from '../../helpers/until.ts';

const closed = { code: 'ERR_CLOSED', kind: 'failed-precondition' } as const;
const closedEngine = { ...closed, message: 'engine: is closed' };
const dockerfile = { text: 'FROM scratch\nCOPY . /\nLABEL a=b\n' };

test('every method of a closed engine rejects because it is closed', async (context) => {
  const engine = await Engine.open({ root: temporaryFolder(context), storageDriver: 'vfs' });
  await engine.system.collectGarbage().result;
  const before = methodsOf(engine);
  await engine[Symbol.asyncDispose]();
  const others: string[] = [];
  for (const [name, method] of before) {
    for (const values of [[], ['name', 'name'], [{}, {}]]) {
      const error: unknown = await waitForReturned(method(...values)).then(
        () => 'none',
        (reason: unknown) => reason,
      );
      if (!isClosed(error)) others.push(`${name}: ${String(error)}`);
    }
  }
  assert.deepEqual(others, []);
  assert.ok(before.length > 40, `${before.length} methods`);
  await engine[Symbol.asyncDispose]();
});

const isClosed = (error: unknown): boolean => error instanceof Error && error.message === closedEngine.message;

/** Requests the next item. */
const nextOf = (items: AsyncIterable<unknown>): Promise<unknown> => items[Symbol.asyncIterator]().next();

test('a closed image, one of a closed engine, and their layers reject because they are closed', async (context) => {
  await using engine = await Engine.open({ root: temporaryFolder(context), storageDriver: 'vfs' });
  const folder = temporaryFolder(context);
  await engine.builder.build({ context: folder, dockerfile, tags: ['a'] }).result;
  for (const way of ['image', 'engine'] as const) {
    const own = await Engine.open({ root: engine.layout.root, storageDriver: 'vfs' });
    const image = await own.images.open('a');
    const [layer] = await image.layers();
    assert.ok(layer !== undefined);
    const suspended = image.tar()[Symbol.asyncIterator]();
    await suspended.next();
    await (way === 'image' ? image : own)[Symbol.asyncDispose]();
    const message = `image ${image.id}: is closed`;
    const calls = [
      () => image.config(),
      () => image.manifest(),
      () => image.layers(),
      () => image.file('/'),
      () => image.readFile('/'),
      () => nextOf(image.files()),
      () => nextOf(image.tar()),
      () => nextOf(image.changes(0)),
      () => nextOf(layer.tar()),
      () => nextOf(layer.blob()),
      () => nextOf(layer.entries()),
      () => nextOf(layer.content({ ordinal: 0 })),
      () => layer.openTable?.({ isBase: true }),
      () => suspended.next(),
    ];
    for (const call of calls)
      await assert.rejects(async () => await call(), { ...closed, message }, `${way}: ${String(call)}`);
    await image[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  }
});

test('operations that run when an engine is closed end with it, and nothing is left', {
  timeout: patienceMs,
}, async (context) => {
  const root = temporaryFolder(context);
  const files = openFiles();
  const engine = await Engine.open({ root, storageDriver: 'vfs' });
  const never = new Promise<never>(() => undefined);
  const begun = { load: Promise.withResolvers<void>(), store: Promise.withResolvers<void>() };
  async function* stuck(name: keyof typeof begun): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1000);
    begun[name].resolve();
    await never;
  }
  await engine.builder.build({ context: temporaryFolder(context), dockerfile, tags: ['a'] }).result;
  const first = engine.events({ since: 0 });
  await first.next();
  const waiting = nextOf(engine.events());
  const load = engine.images.load({ input: stuck('load') });
  const layer = await layerOfFiles([{ kind: 'file', path: 'a', content: 'a' }]);
  const image = await engine.images.open('a');
  const store = engine.images.store(
    await appendLayer(image, { ...layer, tar: () => stuck('store'), blob: () => stuck('store') }),
  );
  const ends = [waiting, load.result, store.result];
  for (const end of ends) end.catch(() => undefined);
  await Promise.all([begun.load.promise, begun.store.promise]);
  await engine[Symbol.asyncDispose]();
  for (const [at, end] of ends.entries()) await assert.rejects(end, closed, `${at}`);
  await assert.rejects(first.next(), closedEngine);
  assert.equal(openFiles(), files);
  assert.deepEqual(placesOf(engine).leases(), []);
});

test('waiting for a container and its streams end when the engine is closed', {
  skip: needs('root', 'overlay', 'runc', 'conmon', 'busybox'),
  timeout: patienceMs,
}, async (context) => {
  const keeper = await testStore(context, { busybox: 'busybox' });
  const command = ['sh', '-c', 'echo ready; sleep 1000'];
  const { id } = await keeper.containers.create({ image: 'busybox', command });
  const files = openFiles();
  const engine = await Engine.open({ root: keeper.layout.root, storageDriver: 'overlay2' });
  await engine.containers.start(id);
  const logs = engine.containers.logs(id, { follow: true });
  await logs.next();
  const held = [
    await engine.containers.attach(id),
    await engine.containers.exec(id, { command: ['sleep', '1000'] }),
    await engine.containers.exec(id, { command: ['sleep', '1000'], stdio: 'ignore' }),
    await engine.containers.exec(id, { command: ['sleep', '1000'], stdio: 'inherit' }),
  ];
  const ends = [engine.containers.wait(id), logs.next(), ...held.map(({ exitCode }) => exitCode)];
  for (const end of ends) end.catch(() => undefined);
  await engine[Symbol.asyncDispose]();
  for (const [at, end] of ends.entries()) await assert.rejects(end, closed, `${at}`);
  assert.equal((await keeper.containers.list()).length, 1, 'it goes on');
  assert.ok(openFiles() <= files, 'no descriptor is left');
});
