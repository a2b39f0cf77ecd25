import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../../src/content/verify.ts';
import { walk } from '../../../src/images/walk.ts';
import { utf8 } from '../../../src/lib/bytes.ts';
import type { Descriptor } from '../../../src/spec/descriptor.ts';
import type { Digest } from '../../../src/spec/digest.ts';
import { mediaTypes } from '../../../src/spec/media-types.ts';

/** Documents by digest, with a record of every read. */
class Documents {
  readonly #bytes = new Map<Digest, Uint8Array>();
  readonly reads: Digest[] = [];

  blob(text: string, mediaType: string): Descriptor {
    return { mediaType, digest: digestOf(utf8(text)), size: text.length };
  }

  add(body: object, mediaType: string): Descriptor {
    const bytes = utf8(JSON.stringify({ schemaVersion: 2, mediaType, ...body }));
    const digest = digestOf(bytes);
    this.#bytes.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  image(name: string, ...layers: string[]): Descriptor {
    return this.add(
      {
        config: this.blob(`config of ${name}`, mediaTypes.ociConfig),
        layers: layers.map((layer) => this.blob(layer, mediaTypes.ociLayer)),
      },
      mediaTypes.ociManifest,
    );
  }

  index(...manifests: Descriptor[]): Descriptor {
    return this.add({ manifests }, mediaTypes.ociIndex);
  }

  forget({ digest }: Descriptor): void {
    this.#bytes.delete(digest);
  }

  readonly read = ({ digest }: Descriptor): Uint8Array | undefined => {
    this.reads.push(digest);
    return this.#bytes.get(digest);
  };

  async walked(target: Descriptor, follows?: (entry: Descriptor) => boolean): Promise<string[]> {
    const seen: string[] = [];
    for await (const { kind, descriptor } of walk(target, { read: this.read, ...(follows && { follows }) }))
      seen.push(`${kind} ${descriptor.digest.slice(7, 13)}`);
    return seen;
  }
}

const short = ({ digest }: Descriptor): string => digest.slice(7, 13);

test('a walk comes by everything once, parents first', async () => {
  const documents = new Documents();
  const [one, two] = [documents.image('one', 'base', 'a', 'a'), documents.image('two', 'base', 'b')];
  const inner = documents.index(two, one);
  const top = documents.index(one, inner, one);
  const blob = (text: string): string => short(documents.blob(text, ''));
  assert.deepEqual(await documents.walked(top), [
    `index ${short(top)}`,
    `manifest ${short(one)}`,
    `config ${blob('config of one')}`,
    `layer ${blob('base')}`,
    `layer ${blob('a')}`,
    `index ${short(inner)}`,
    `manifest ${short(two)}`,
    `config ${blob('config of two')}`,
    `layer ${blob('b')}`,
  ]);
  assert.equal(documents.reads.length, new Set(documents.reads).size);
});

test('a document that is not here is absent, and what is not followed is not read', async () => {
  const documents = new Documents();
  const [here, gone] = [documents.image('here', 'a'), documents.image('gone', 'b')];
  const other = documents.blob('what is this?', 'application/x-other');
  const top = documents.index(here, gone, other);
  documents.forget(gone);
  const kinds = (await documents.walked(top)).map((line) => line.split(' ')[0]);
  assert.deepEqual(kinds, ['index', 'manifest', 'config', 'layer', 'absent', 'unknown']);
  documents.reads.length = 0;
  assert.deepEqual(await documents.walked(top, ({ digest }) => digest === gone.digest), [
    `index ${short(top)}`,
    `absent ${short(gone)}`,
  ]);
  assert.deepEqual(documents.reads, [top.digest, gone.digest]);
});

test('indexes four levels deep are walked, deeper ones refused before they are read', async () => {
  const documents = new Documents();
  let top = documents.image('deep', 'a');
  for (let level = 0; level < 4; level++) top = documents.index(top);
  assert.equal((await documents.walked(top)).length, 4 + 3);
  const deeper = documents.index(top);
  documents.reads.length = 0;
  await assert.rejects(documents.walked(deeper), { code: 'ERR_IMAGE_INDEX_DEPTH' });
  assert.equal(documents.reads.length, 4);
});

test('an index that names itself ends', async () => {
  const bytes = utf8(JSON.stringify({ schemaVersion: 2, manifests: [] }));
  const self: Descriptor = { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), size: bytes.length };
  const looped = utf8(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [self] }));
  const kinds: string[] = [];
  for await (const { kind } of walk(self, { read: () => looped })) kinds.push(kind);
  assert.deepEqual(kinds, ['index']);
});
