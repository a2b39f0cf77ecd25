import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Engine } from '../../../src/engine/index.ts';
import { isKind, isStrataError } from '../../../src/errors/index.ts';
import { asTar, dockerArchive, image, nameAnnotation, TestLayout } from '../../helpers/image-archives.ts';
import { listImages } from '../../helpers/list-images.ts';
import { mountLoopFilesystem } from '../../helpers/loop-filesystem.ts';
import { needs } from '../../helpers/needs.ts';
import { createRandom } from '../../helpers/random.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { strataPath } from '../../helpers/strata.ts';
import { file, tar } from '../../helpers/tar-builder.ts';
import { untilSame } from '../../helpers/until-same.ts';

const skip = needs('root', 'overlay');

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'strata-load-faults-'));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const random = createRandom(11);
const layerOf = (mib: number): Uint8Array => tar(file(`file-${mib}`, random.bytes(mib << 20)));

test('a load killed at any moment is whole or nothing, and the next one works', { skip }, async (context) => {
  const directory = folder(context);
  const app = image([layerOf(4), layerOf(5), layerOf(6)]);
  const layout = new TestLayout();
  const archive = join(directory, 'app.tar');
  writeFileSync(
    archive,
    asTar(layout.index(layout.image(app, (layer) => gzipSync(layer, { level: 1 }), '+gzip', nameAnnotation('a/b:1')))),
  );
  const root = join(directory, 'root');
  for (let round = 0; round < 8; round++) {
    const child = spawn(strataPath, ['--root', root, 'load', '-q', '-i', archive], { stdio: 'ignore' });
    const ended = once(child, 'close');
    // From before the store is opened until after a load on a fast machine.
    await sleep(150 + random.next(900));
    child.kill('SIGKILL');
    await ended;
    await using engine = await Engine.open({ root, storageDriver: 'overlay2' });
    const names = await listImages(engine);
    assert.ok(names.length === 0 || names[0] === `a/b:1 ${app.id}`, names.join());
    if (names.length === 0) continue;
    await engine.images.save({ images: ['a/b:1'], output: async () => undefined }).result;
    await engine.images.remove('a/b:1');
  }
  await using engine = await Engine.open({ root, storageDriver: 'overlay2' });
  const { images } = await engine.images.load({ input: archive }).result;
  assert.equal(images[0]?.id, app.id);
  await engine.images.remove('a/b:1');
  await engine.system.collectGarbage().result;
  const { indexes, trash, trees } = placesOf(engine);
  for (const left of [indexes, trash, trees]) {
    await untilSame(() => readdirSync(left), []);
  }
});

test('two loads of one archive at the same time both succeed', { skip }, async (context) => {
  const root = folder(context);
  const app = image([layerOf(3), layerOf(4)]);
  const archive = asTar(dockerArchive([{ image: app, tags: ['a/b:1'] }], (layer) => gzipSync(layer, { level: 1 })));
  async function* input(): AsyncGenerator<Uint8Array> {
    yield archive;
  }
  await using one = await Engine.open({ root, storageDriver: 'overlay2' });
  await using two = await Engine.open({ root, storageDriver: 'overlay2' });
  await Promise.all([one, two, one].map(async (engine) => engine.images.load({ input: input() }).result));
  assert.deepEqual(await listImages(two), [`a/b:1 ${app.id}`]);
  assert.equal(readdirSync(placesOf(root).trees).length, 2);
  await one.images.save({ images: ['a/b:1'], output: async () => undefined }).result;
});

test('a full disk gives an error, nothing half-done, and existing images stay', {
  skip: skip || needs('loop'),
}, async () => {
  using disk = mountLoopFilesystem(['mkfs.ext4', '-q', '-m', '0'], { megabytes: 64 });
  const root = join(disk.path, 'root');
  await using engine = await Engine.open({ root, storageDriver: 'overlay2' });
  const load = async (mib: number, name: string): Promise<unknown> => {
    const archive = asTar(dockerArchive([{ image: image([layerOf(1), layerOf(mib)]), tags: [name] }]));
    async function* input(): AsyncGenerator<Uint8Array> {
      yield archive;
    }
    return await engine.images.load({ input: input() }).result;
  };
  await load(2, 'small:1');
  const before = await listImages(engine);
  const snapshots = readdirSync(placesOf(root).trees).sort();
  // The disk is too small for the archive itself, or takes it but not the layer as well.
  for (const mib of [60, 22]) {
    await assert.rejects(load(mib, 'small:1'), (error) => isKind(error, 'exhausted'));
    assert.deepEqual(await listImages(engine), before);
    assert.deepEqual(readdirSync(placesOf(root).trees).sort(), snapshots);
    await untilSame(() => readdirSync(placesOf(root).trash), []);
  }
  await engine.images.remove('small:1');
  await load(3, 'again:1');
});

test('the error of a damaged byte names the layer and its position in the file', { skip }, async (context) => {
  const directory = folder(context);
  const app = image([layerOf(1), layerOf(2)]);
  const forms = {
    gzip: [(layer: Uint8Array) => gzipSync(layer, { level: 1 }), '+gzip', 'ERR_BLOB_DIGEST_MISMATCH'],
    plain: [(layer: Uint8Array) => layer, '', 'ERR_LAYER_DIGEST_MISMATCH'],
  } as const;
  for (const [form, [compress, suffix, code]] of Object.entries(forms)) {
    const layout = new TestLayout();
    const whole = asTar(layout.index(layout.image(app, compress, suffix, nameAnnotation('a/b:1'))));
    const blob = compress(app.layers[1] ?? new Uint8Array(0));
    const start = Buffer.from(whole).indexOf(blob);
    assert.ok(start > 0);
    const damaged = Uint8Array.from(whole);
    damaged[start + blob.length - 2000] = (damaged[start + blob.length - 2000] ?? 0) ^ 1;
    const archive = join(directory, `${form}.tar`);
    writeFileSync(archive, damaged);
    await using engine = await Engine.open({ root: join(directory, form), storageDriver: 'overlay2' });
    await assert.rejects(engine.images.load({ input: archive }).result, (error: unknown) => {
      // A compressed blob has two readers at once: one copies it, one unpacks it.
      assert.ok(isStrataError(error, code) || isStrataError(error, 'ERR_COMPRESSION_CORRUPT'), String(error));
      const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`;
      assert.ok(error.message.startsWith(`${archive}: `), error.message);
      assert.ok(error.message.includes(digest), error.message);
      assert.ok(error.message.includes(`bytes ${start} to ${start + blob.length} of the file`), error.message);
      return true;
    });
  }
});
