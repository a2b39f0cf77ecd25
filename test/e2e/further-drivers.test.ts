// Storage drivers from outside, given to Strata by a table: everything works as with its own.
import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Engine } from '../../src/engine/index.ts';
import { allDrivers } from '../../src/snapshots/drivers/all.ts';
import { overlay2 } from '../../src/snapshots/drivers/overlay2/index.ts';
import { Overlay2Snapshotter } from '../../src/snapshots/drivers/overlay2/overlay2-snapshotter.ts';
import type { DriverTable, StorageDriver } from '../../src/snapshots/storage-driver.ts';
import { fill, folderWith, temporaryFolder } from '../helpers/build-folder.ts';
import { busyboxContext } from '../helpers/busybox-image.ts';
import { ext4 } from '../helpers/ext4-driver/index.ts';
import { shortListing } from '../helpers/image-tree.ts';
import { assertNothingLeft } from '../helpers/leftovers.ts';
import { needs, output } from '../helpers/needs.ts';
import { placesOf } from '../helpers/store-places.ts';
import { storeRoot } from '../helpers/store-root.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox', 'loop', 'mkfs.ext4', 'losetup');

/** Overlayfs under another name: no code may depend on a driver's name. */
const layered: StorageDriver = {
  ...overlay2,
  name: 'layered',
  open: async (options) => new Overlay2Snapshotter({ ...options, name: 'layered' }),
};

const table: DriverTable = { ...allDrivers, drivers: [...allDrivers.drivers, layered, ext4] };

const roots: string[] = [];

async function openStore(t: TestContext, storageDriver: string, root = storeRoot(t)): Promise<Engine> {
  roots.push(root);
  const engine = await Engine.open({ root, storageDriver, storageDrivers: table });
  t.after(async () => {
    for (const { id } of await engine.containers.list({ all: true })) {
      await engine.containers.remove(id, { force: true });
    }
    await engine[Symbol.asyncDispose]();
  });
  return engine;
}

const work = ['echo new > /tmp/new', 'chmod 4711 /tmp/new', 'rm /etc/group', 'rm -r /home', 'mkdir /home'].join('; ');

/** Does everything there is to do with images and containers; returns the results. */
async function tellStory(t: TestContext, driver: string): Promise<Record<string, unknown>> {
  const engine = await openStore(t, driver);
  const { images, containers, builder, system } = engine;
  const seen: Record<string, unknown> = {};

  const steps = ['RUN rm /etc/group && mkdir /made && echo x > /made/file', 'COPY --chown=1:2 more /made/more'];
  const context = busyboxContext(t, steps);
  fill(context, { more: 'first' });
  const built = await builder.build({ context, tags: ['box'] }).result;
  const again = await builder.build({ context, tags: ['box'] }).result;
  assert.equal(again.id, built.id, 'all of it comes from the cache');
  fill(context, { more: 'second' });
  await builder.build({ context, tags: ['other'] }).result;
  seen['steps'] = (await images.history('box')).steps.map(({ sizeBytes }) => sizeBytes);

  const { exitCode } = await containers.run({ image: 'other', command: ['cat', '/made/more'], remove: true }).result;
  assert.equal(exitCode, 0);

  const { id } = await containers.create({ image: 'box', name: 'one', command: ['sleep', '1000'] });
  await containers.start(id);
  const exec = await containers.exec(id, { command: ['sh', '-c', work], stdio: 'ignore' });
  assert.equal(await exec.exitCode, 0);
  const folder = folderWith(t, { 'in/file': 'from outside', 'in/link': { link: 'file' } });
  await containers.copyTo(id, { from: join(folder, 'in'), path: '/tmp/in' });
  const changes = [];
  for await (const { kind, path } of containers.diff(id)) changes.push(`${kind} ${Buffer.from(path).toString()}`);
  seen['changes'] = changes.filter((change) => !/^changed (etc|home|tmp)$/.test(change)).sort();
  const running = await exportContainer(t, engine, id);
  await containers.stop(id, { timeoutSeconds: 0 });
  seen['exported'] = await exportContainer(t, engine, id);
  assert.deepEqual(running, seen['exported']);
  const out = temporaryFolder(t);
  await containers.copyFrom(id, { path: '/tmp/.', to: out });
  seen['copied'] = shortListing(out);
  const committed = await containers.commit(id, { reference: 'changed' }).result;
  await containers.start(id);
  await containers.remove(id, { force: true });
  const { id: second } = await containers.create({ image: committed.id, command: ['true'] });
  seen['committed'] = await exportContainer(t, engine, second);
  await containers.remove(second);

  const archive = join(temporaryFolder(t), 'all.tar');
  await images.save({ images: ['box', 'changed'], output: archive }).result;
  seen['archive'] = output('tar', '-tf', archive).split('\n').length;
  const elsewhere = await openStore(t, 'overlay2');
  await elsewhere.images.load({ input: archive }).result;
  assert.equal((await elsewhere.images.inspect('changed')).id, committed.id);

  const before = await system.check().result;
  assert.deepEqual([before.damages, before.orphans], [[], []]);
  for (const name of ['box', 'other', 'changed']) await images.remove(name);
  await builder.prune({ all: true });
  await assertNothingLeft(engine, [id]);
  assert.deepEqual(placesOf(engine, driver).treePaths(), []);

  const loaded = await images.load({ input: archive }).result;
  assert.equal(loaded.images.length, 2);
  const { id: third } = await containers.create({ image: 'changed', command: ['true'] });
  assert.deepEqual(await exportContainer(t, engine, third), seen['committed']);
  await containers.remove(third);
  const after = await system.check().result;
  assert.deepEqual([after.damages, after.orphans], [[], []]);
  return seen;
}

async function exportContainer(t: TestContext, engine: Engine, container: string): Promise<string[]> {
  const tar = join(temporaryFolder(t), 'export.tar');
  await engine.containers.export(container, { output: tar }).result;
  const folder = temporaryFolder(t);
  output('tar', '-C', folder, '-xpf', tar);
  return shortListing(folder).filter((line) => !/ \/bin/.test(line));
}

test('images and containers behave the same on drivers of a table', { skip }, async (t) => {
  const expected = await tellStory(t, 'overlay2');
  for (const driver of ['layered', 'ext4']) {
    await t.test(driver, async (inner) => assert.deepEqual(await tellStory(inner, driver), expected));
  }
});

test('files that no record knows go with the next collection, whichever driver left them', { skip }, async (t) => {
  const root = storeRoot(t);
  const ids: string[] = [];
  for (const driver of ['overlay2', 'layered', 'ext4']) {
    const engine = await openStore(t, driver, root);
    await engine.builder.build({ context: busyboxContext(t), tags: [driver] }).result;
    const { orphans } = await engine.system.check().result;
    assert.deepEqual(orphans, []);
  }
  const treesOf = (driver: string): string[] => placesOf(root, driver).treePaths();
  for (const driver of ['overlay2', 'layered', 'ext4']) assert.equal(treesOf(driver).length, 1, driver);
  const engine = await openStore(t, 'overlay2', root);
  for (const driver of ['layered', 'ext4']) {
    const orphan = driver === 'ext4' ? '0123456789abcdef0123' : 'fedcba98765432100123';
    cpSync(treesOf(driver)[0] ?? '', join(placesOf(root, driver).trees, orphan), { recursive: true });
    ids.push(orphan);
  }
  const { orphans } = await engine.system.check().result;
  assert.deepEqual(orphans.map(({ key }) => key).sort(), ids.sort());
  for (const name of ['overlay2', 'layered', 'ext4']) await engine.images.remove(name);
  await engine.builder.prune({ all: true });
  for (const driver of ['overlay2', 'layered', 'ext4']) assert.deepEqual(treesOf(driver), [], driver);
  assert.deepEqual((await engine.system.check().result).orphans, []);
});

test('a lost snapshot of a driver without directories is reported and made again', { skip }, async (t) => {
  const engine = await openStore(t, 'ext4');
  await engine.builder.build({ context: busyboxContext(t), tags: ['box'] }).result;
  const archive = join(temporaryFolder(t), 'box.tar');
  await engine.images.save({ images: ['box'], output: archive }).result;
  const [tree = ''] = placesOf(engine, 'ext4').treePaths();
  rmSync(tree);
  const { damages } = await engine.system.check().result;
  assert.match(
    damages.map(({ problem }) => problem).join(),
    new RegExp(`its files in snapshot ${basename(tree)} are missing`),
  );
  await engine.images.load({ input: archive }).result;
  assert.deepEqual((await engine.system.check().result).damages, []);
  const { exitCode } = await engine.containers.run({ image: 'box', command: ['true'], remove: true }).result;
  assert.equal(exitCode, 0);
});

test("a driver of a table is chosen, shown and refused as Strata's own are", { skip }, async (t) => {
  const engine = await Engine.open({ root: storeRoot(t), storageDrivers: { drivers: [ext4], later: ['zfs'] } });
  t.after(() => engine[Symbol.asyncDispose]());
  await engine.builder.build({ context: busyboxContext(t), tags: ['box'] }).result;
  assert.deepEqual((await engine.system.info()).drivers, [
    { driver: 'ext4', chosen: true, reason: 'holds the snapshots of this store' },
    { driver: 'zfs', chosen: false, reason: 'not supported yet' },
  ]);
  assert.deepEqual((await engine.images.inspect('box')).storage, { driver: 'ext4', directories: [] });
  await assert.rejects(
    Engine.open({ root: storeRoot(t), storageDriver: 'vfs', storageDrivers: { drivers: [ext4], later: [] } }),
    {
      code: 'ERR_STORAGE_DRIVER_UNKNOWN',
      hint: 'Use ext4, or auto to have one chosen.',
    },
  );
});

test('no loop device is left set up', { skip }, () => {
  const files = output('losetup', '--list', '--noheadings', '--output', 'BACK-FILE').split('\n');
  assert.ok(roots.length > 0);
  assert.deepEqual(
    files.filter((file) => roots.some((root) => file.startsWith(root))),
    [],
  );
});
