// Images whose layers come as streams, each unpacked while it arrives.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../../../src/content/verify.ts';
import type { Engine, Image, Layer, LoadImagesEvent } from '../../../src/engine/index.ts';
import { documentOf, manifestOf } from '../../../src/images/assemble-image.ts';
import { parseImageConfig } from '../../../src/spec/config.ts';
import type { DiffId } from '../../../src/spec/digest.ts';
import { parseManifest } from '../../../src/spec/manifest.ts';
import { assertNothingLeft } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { createRandom } from '../../helpers/random.ts';
import { dir, file, symlink, tar } from '../../helpers/tar-builder.ts';
import { testStore } from '../../helpers/test-store.ts';

const skip = needs('root', 'overlay');
const random = createRandom(17);
const chunkBytes = 1 << 18;

const layerTar = (name: string, sizeBytes = 3 << 20): Uint8Array =>
  tar(dir(name), file(`${name}/file`, random.bytes(sizeBytes)));
// Workers report progress every 4 MiB.
const reportedBytes = 9 << 20;

interface From {
  readonly tar: Uint8Array;
  readonly isCompressed?: boolean;
  /** Runs before each chunk after the first. */
  readonly wait?: (at: number) => Promise<void>;
}

/** Returns an image that exists only as the streams of its layers. */
function imageFrom(layers: readonly From[]): Image & { readonly isOpen: () => number } {
  let open = 0;
  const made = layers.map(({ tar: bytes, isCompressed = true, wait }) => {
    const blob = isCompressed ? gzipSync(bytes, { level: 1 }) : bytes;
    const mediaType = `application/vnd.oci.image.layer.v1.tar${isCompressed ? '+gzip' : ''}`;
    return {
      diffId: digestOf(bytes) as string as DiffId,
      descriptor: { mediaType, digest: digestOf(blob), size: blob.length },
      blob: async function* () {
        open++;
        try {
          for (let at = 0; at < blob.length; at += chunkBytes) {
            if (at > 0) await wait?.(at);
            yield blob.subarray(at, at + chunkBytes);
          }
        } finally {
          open--;
        }
      },
    };
  });
  const text = { os: 'linux', architecture: 'amd64', config: {}, rootfs: { type: 'layers', diff_ids: [] as DiffId[] } };
  text.rootfs.diff_ids = made.map(({ diffId }) => diffId);
  const config = documentOf('application/vnd.oci.image.config.v1+json', Buffer.from(JSON.stringify(text)));
  const manifest = manifestOf(
    config.descriptor,
    made.map(({ descriptor }) => descriptor),
  );
  return {
    id: config.descriptor.digest,
    config: async () => ({ ...config, value: parseImageConfig(config.bytes).value }),
    manifest: async () => ({ ...manifest, value: parseManifest(manifest.bytes).value }),
    layers: async () => made as unknown as Layer[],
    isOpen: () => open,
  } as unknown as Image & { readonly isOpen: () => number };
}

async function store(engine: Engine, image: Image, onEvent?: (event: LoadImagesEvent) => void): Promise<void> {
  await using storing = engine.images.store(image, { tags: ['stored'] });
  for await (const event of storing) onEvent?.(event);
  await storing.result;
}

async function assertStored(engine: Engine, image: Image): Promise<void> {
  const { damages, orphans } = await engine.system.check().result;
  assert.deepEqual({ damages, orphans }, { damages: [], orphans: [] });
  await assertNothingLeft(engine);
  await using opened = await engine.images.open('stored');
  assert.equal(opened.id, image.id);
  for (const [at, layer] of (await opened.layers()).entries()) {
    const wanted = (await image.layers())[at];
    assert.deepEqual(layer.descriptor, wanted?.descriptor);
    const whole = Buffer.concat(await Array.fromAsync(layer.blob()));
    assert.equal(digestOf(whole), wanted?.descriptor.digest);
  }
}

const stores = (context: TestContext, storageDriver: string): Promise<Engine> => testStore(context, { storageDriver });

test('a layer is unpacked while others arrive, whichever is first', { skip }, async (context) => {
  const engine = await stores(context, 'overlay2');
  const last = Promise.withResolvers<void>();
  const names = ['a', 'b', 'c'];
  const image = imageFrom(
    names.map((name, at) => ({
      tar: layerTar(name, reportedBytes),
      isCompressed: at > 0,
      wait: async () => {
        if (at < 2) await last.promise;
      },
    })),
  );
  const [, , third] = await image.layers();
  await store(engine, image, (event) => {
    if (event.type === 'layer' && event.diffId === third?.diffId) last.resolve();
  });
  await assertStored(engine, image);
});

for (const driver of ['overlay2', 'vfs']) {
  test(`many layers arrive a few at a time, one of them twice, one through a link of another, ${driver}`, {
    skip,
  }, async (context) => {
    const engine = await stores(context, driver);
    const twice = layerTar('twice');
    const tars = [tar(dir('real'), symlink('link', 'real')), twice, tar(file('link/through', random.bytes(1 << 20)))];
    for (const name of ['d', 'e', 'f']) tars.push(layerTar(name));
    let most = 0;
    const image = imageFrom([...tars, twice].map((bytes) => ({ tar: bytes, wait: async () => note() })));
    const note = (): void => void (most = Math.max(most, image.isOpen()));
    await store(engine, image);
    assert.ok(most > 1 && most <= 3, `${most} at once`);
    await assertStored(engine, image);
    // Existing layers are not read again.
    await store(engine, { ...image, layers: async () => (await image.layers()).map(unreadable) });
  });
}

const unreadable = (layer: Layer): Layer =>
  ({
    ...layer,
    blob: () => {
      throw new Error('it is here');
    },
  }) as unknown as Layer;

test('a stream that breaks ends all others, and nothing stays', { skip }, async (context) => {
  const engine = await stores(context, 'overlay2');
  const never = Promise.withResolvers<void>();
  const failure = new RangeError('the line is dead');
  const waits = [() => never.promise, () => never.promise, () => Promise.reject(failure), undefined, undefined];
  const image = imageFrom(waits.map((wait, at) => ({ tar: layerTar(`l${at}`), ...(wait && { wait }) })));
  await assert.rejects(store(engine, image), { code: 'ERR_INTERNAL', cause: failure });
  await assertNothingLeft(engine);
  assert.deepEqual(await engine.images.list(), []);
  const controller = new AbortController();
  const wait = async (): Promise<void> => {
    controller.abort(failure);
    await never.promise;
  };
  const { result } = engine.images.store(imageFrom([{ tar: layerTar('a'), wait }]), { signal: controller.signal });
  await assert.rejects(result, (error) => error === failure);
  await assertNothingLeft(engine);
  const wrong = imageFrom([{ tar: layerTar('wrong') }]);
  const [layer] = await wrong.layers();
  const other = async function* (): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(layer?.descriptor.size ?? 0);
  };
  const lying = { ...wrong, layers: async () => [{ ...layer, blob: other } as unknown as Layer] };
  await assert.rejects(store(engine, lying), ({ code }) => /ERR_(LAYER|BLOB|TAR)_/.test(code));
  await assertNothingLeft(engine);
});
