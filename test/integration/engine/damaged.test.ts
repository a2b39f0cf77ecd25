// One file of one image is damaged or missing: each operation on that image succeeds or is refused in words, the others
// are unharmed, a check finds the damage, and removing and loading the image again heals it.
import assert from 'node:assert/strict';
import { createReadStream, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { readTar } from '../../../src/archive/index.ts';
import { Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { removeTree } from '../../../src/sys/remove-tree.ts';
import { buildContext } from '../../helpers/build-context.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { asTar, nameAnnotation, sha256, TestLayout } from '../../helpers/image-archives.ts';
import { namesIn } from '../../helpers/names-in.ts';
import { needs } from '../../helpers/needs.ts';
import { placesOf, recordsOf } from '../../helpers/store-places.ts';
import { storeRoot } from '../../helpers/store-root.ts';

const skip = needs('root', 'overlay', 'runc', 'busybox');

/** Paths of the parts of an image. */
interface Parts {
  readonly config: string;
  readonly manifest: string;
  readonly index: string;
  readonly snapshot: string;
}

async function archives(context: TestContext): Promise<{ readonly hurt: string; readonly sound: string }> {
  await using engine = await Engine.open({ root: storeRoot(context) });
  const folder = temporaryFolder(context, 'archives');
  const saveAs = async (name: string, tree: string): Promise<string> => {
    await engine.builder.build({ context: tree, tags: [name] }).result;
    const output = join(folder, `${name}.tar`);
    await engine.images.save({ images: [name], output }).result;
    return output;
  };
  const other = busyboxContext(context);
  // With this file the two images share nothing.
  writeFileSync(join(other, 'tree/etc/motd'), 'another image');
  return { hurt: await saveAs('hurt', other), sound: await saveAs('sound', busyboxContext(context)) };
}

async function partsOf(engine: Engine, name: string): Promise<Parts> {
  const { images } = engine;
  const store = placesOf(engine);
  using metadata = recordsOf(engine);
  const found = (await images.list()).find(({ repository }) => repository === name);
  assert.ok(found?.digest !== undefined);
  const [layer] = metadata.images.layersOf(found.id);
  const snapshot = metadata.snapshots.list().find(({ chainId }) => chainId === layer?.chainId);
  assert.ok(layer !== undefined && snapshot !== undefined);
  return {
    config: store.blob(found.id),
    manifest: store.blob(found.digest),
    index: store.index(layer.diffId),
    snapshot: join(store.trees, snapshot.id),
  };
}

const flip = (path: string): void => {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(path, bytes);
};
const empty = (path: string): void => truncateSync(path, 0);
const lose = (path: string): void => rmSync(path);

const harms: Readonly<Record<string, (places: Parts) => void>> = {
  'config flipped': ({ config }) => flip(config),
  'config empty': ({ config }) => empty(config),
  'config missing': ({ config }) => lose(config),
  'manifest flipped': ({ manifest }) => flip(manifest),
  'manifest empty': ({ manifest }) => empty(manifest),
  'manifest missing': ({ manifest }) => lose(manifest),
  'layer index flipped': ({ index }) => flip(index),
  'layer index empty': ({ index }) => empty(index),
  'layer index missing': ({ index }) => lose(index),
  'snapshot missing': ({ snapshot }) => removeTree(snapshot),
  'snapshot empty': ({ snapshot }) => {
    for (const name of namesIn(snapshot)) removeTree(join(snapshot, name));
  },
  'files of the snapshot missing': ({ snapshot }) => {
    for (const name of readdirSync(join(snapshot, 'fs'))) removeTree(join(snapshot, 'fs', name));
  },
};

test('each part of an image damaged in turn is survived, found and healed', { skip }, async (context) => {
  const { hurt, sound } = await archives(context);
  const from = (name: string): string => buildContext(context, [`FROM ${name}`, 'COPY a /a'], { a: 'a' });
  const contexts = { hurt: from('hurt'), sound: from('sound') };
  const questions: Readonly<Record<string, (engine: Engine, name: 'hurt' | 'sound') => Promise<unknown>>> = {
    inspect: async ({ images }, name) => await images.inspect(name),
    history: async ({ images }, name) => await images.history(name),
    tag: async (engine, name) => await engine.images.tag(name, `${name}:again`),
    save: async (engine, name) => await engine.images.save({ images: [name], output: async () => undefined }).result,
    build: async (engine, name) => await engine.builder.build({ context: contexts[name], noCache: true }).result,
    run: async (engine, name) => await engine.containers.run({ image: name, command: ['true'], remove: true }).result,
  };
  for (const [what, harm] of Object.entries(harms)) {
    await using engine = await Engine.open({ root: storeRoot(context), storageDriver: 'overlay2' });
    for (const input of [hurt, sound]) await engine.images.load({ input }).result;
    harm(await partsOf(engine, 'hurt'));
    assert.equal((await engine.images.list()).length, 2, what);
    for (const [question, ask] of Object.entries(questions)) {
      await ask(engine, 'sound');
      try {
        await ask(engine, 'hurt');
      } catch (error) {
        assert.ok(isStrataError(error), `${question}, ${what}: ${inspect(error)}`);
        assert.doesNotMatch(error.code, /^ERR_(?:SYSCALL|INTERNAL)/, `${question}, ${what}: ${inspect(error)}`);
      }
    }
    assert.ok((await engine.system.check().result).damages.length > 0, what);
    await engine.system.diskUsage();
    await engine.images.remove('hurt', { force: true });
    for (const { repository, id } of await engine.images.list())
      if (repository !== 'sound') await engine.images.remove(id, { force: true });
    await engine.builder.prune({ all: true });
    await engine.images.prune();
    await engine.images.load({ input: hurt }).result;
    const { exitCode } = await engine.containers.run({ image: 'hurt', command: ['true'], remove: true }).result;
    assert.equal(exitCode, 0, what);
    const { damages, orphans } = await engine.system.check().result;
    assert.deepEqual({ damages, orphans }, { damages: [], orphans: [] }, what);
  }
});

for (const kind of ['tar', 'gzip'] as const) {
  test(`loading an image again replaces its damaged files, ${kind}`, { skip }, async (context) => {
    const { hurt } = await archives(context);
    const input = kind === 'tar' ? hurt : await writeGzipped(context, hurt);
    await using engine = await Engine.open({ root: storeRoot(context), storageDriver: 'overlay2' });
    await engine.images.load({ input }).result;
    const { blobs, indexes } = placesOf(engine);
    const files = [blobs, indexes].flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
    assert.equal(files.length, kind === 'tar' ? 3 : 4);
    for (const path of files) {
      for (const harm of [flip, empty, lose]) {
        harm(path);
        assert.ok((await engine.system.check().result).damages.length > 0, `${harm.name} ${path}: found`);
        await engine.images.load({ input }).result;
        assert.deepEqual((await engine.system.check().result).damages, [], `${harm.name} ${path}: healed`);
      }
    }
  });
}

/** Writes the same image as an OCI layout with a compressed layer; returns its path. */
async function writeGzipped(context: TestContext, archive: string): Promise<string> {
  const files = new Map<string, Buffer>();
  for await (const { entry, body } of readTar(createReadStream(archive))) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(Uint8Array.from(chunk));
    files.set(Buffer.from(entry.path).toString(), Buffer.concat(chunks));
  }
  const [entry] = JSON.parse(String(files.get('manifest.json'))) as { Config: string; Layers: string[] }[];
  assert.ok(entry !== undefined);
  const layers = entry.Layers.map((name) => files.get(name) ?? Buffer.of());
  const config = files.get(entry.Config) ?? Buffer.of();
  const layout = new TestLayout();
  const image = { layers, config, id: `sha256:${sha256(config)}` };
  const path = join(temporaryFolder(context, 'gzip'), 'hurt.tar');
  writeFileSync(
    path,
    asTar(layout.index(layout.image(image, (layer) => gzipSync(layer), '+gzip', nameAnnotation('hurt:latest')))),
  );
  return path;
}

test('folders and files that no record knows are reported, and removed by a prune', { skip }, async (context) => {
  await using engine = await Engine.open({ root: storeRoot(context), storageDriver: 'overlay2' });
  const { sound } = await archives(context);
  await engine.images.load({ input: sound }).result;
  const store = placesOf(engine);
  const unknown = `sha256:${'0'.repeat(64)}`;
  const strays = [join(store.trees, '0123456789abcdef0123'), store.blob(unknown), store.index(unknown)] as const;
  mkdirSync(join(strays[0], 'fs/deep'), { recursive: true });
  for (const path of strays.slice(1)) writeFileSync(path, 'x');
  const found = (await engine.system.check().result).orphans.map(({ kind }) => kind);
  assert.deepEqual(found.toSorted(), ['blob', 'layer', 'snapshot']);
  await engine.images.prune();
  assert.deepEqual((await engine.system.check().result).orphans, []);
  await engine.containers.run({ image: 'sound', command: ['true'], remove: true }).result;
});
