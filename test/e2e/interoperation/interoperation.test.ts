// One image, made by each engine and read by each other one, has the same entries everywhere, with everything that a
// layer can hold.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { mountHidden } from '../../../src/snapshots/index.ts';
import { openSnapshotter } from '../../../src/snapshots/open-snapshotter.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { withImageTree } from '../../helpers/image-tree.ts';
import { needs } from '../../helpers/needs.ts';
import { recordsOf } from '../../helpers/store-places.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { docker, withoutDocker } from './docker.ts';
import { listTree } from './list-tree.ts';
import { makeBase, makeChanges, packTree } from './odd-tree.ts';
import { type Archive, applyLosses, imageName, type Peer } from './peer.ts';
import { buildah, podman } from './podman.ts';
import { umoci } from './umoci.ts';

interface Tree {
  /** The lower layer by GNU tar, with its form for sparse files. */
  readonly baseTar: string;
  /**
   * The lower layer without sparse files: docker and podman take those in, but cannot write them out (tar-split: `write
   * too long`).
   */
  readonly plainBaseTar: string;
  /** All entries after the changes, on a plain filesystem. */
  readonly listing: readonly string[];
}

function oddTree(folder: string): Tree {
  const [tree, baseTar, plainBaseTar] = [join(folder, 'tree'), join(folder, 'base.tar'), join(folder, 'plain.tar')];
  mkdirSync(tree);
  makeBase(tree);
  packTree(tree, baseTar, { sparse: true });
  packTree(tree, plainBaseTar, { sparse: false });
  makeChanges(tree);
  return { baseTar, plainBaseTar, listing: listTree(tree) };
}

async function store(context: TestContext): Promise<Engine> {
  const engine = await Engine.open({ root: storeRoot(context), storageDriver: 'overlay2' });
  context.after(() => engine[Symbol.asyncDispose]());
  return engine;
}

async function readByStrata(context: TestContext, { path }: Archive): Promise<string[]> {
  const engine = await store(context);
  const [image] = (await engine.images.load({ input: path }).result).images;
  assert.ok(image);
  // A save makes layers again from their files, and checks them against their digests.
  await engine.images.save({ images: [image.id], output: async () => undefined }).result;
  return await withImageTree(engine, image.id, listTree);
}

async function makeByStrata(context: TestContext, baseTar: string): Promise<readonly Archive[]> {
  const engine = await store(context);
  const { containers } = engine;
  await engine.images.import({ input: baseTar, reference: 'base' }).result;
  const { id } = await containers.create({ image: 'base', command: ['true'] });
  {
    using metadata = recordsOf(engine);
    await using snapshotter = await openSnapshotter({
      driver: 'overlay2',
      root: engine.layout.root,
      ledger: metadata.snapshots,
    });
    const snapshot = metadata.containers.get(id)?.snapshotId;
    assert.ok(snapshot);
    await using tree = await mountHidden(await snapshotter.mounts(snapshot));
    makeChanges(tree.path);
  }
  await engine.containers.commit(id, { reference: imageName }).result;
  const folder = temporaryFolder(context);
  const forms = ['docker-archive', 'oci-archive'] as const;
  return await Promise.all(
    forms.map(async (form) => {
      const path = join(folder, form);
      await engine.images.save({ images: [imageName], format: form, output: path }).result;
      return { form, path };
    }),
  );
}

const skip = needs('root', 'overlay', 'skopeo', 'umoci');
const peers: readonly (readonly [string, string | false, (folder: string) => Peer | Promise<Peer>])[] = [
  ['umoci', false, umoci],
  ['podman', needs('podman', 'runc'), podman],
  ['buildah', needs('buildah'), buildah],
  ['docker', withoutDocker, docker],
];

test('an image that Strata commits has the same files in its store as on a plain filesystem', {
  skip,
}, async (context) => {
  const { baseTar, listing } = oddTree(temporaryFolder(context));
  for (const archive of await makeByStrata(context, baseTar)) {
    assert.deepEqual(await readByStrata(context, archive), listing, archive.form);
  }
});

for (const [name, missing, open] of peers) {
  test(`${name} reads images of Strata, and Strata reads images of ${name}`, {
    skip: skip || missing,
  }, async (context) => {
    const { baseTar, plainBaseTar, listing } = oddTree(temporaryFolder(context));
    await using peer = await open(join(temporaryFolder(context), name));
    for (const archive of await makeByStrata(context, baseTar)) {
      const read = peer.read(archive);
      if (read)
        assert.deepEqual(read, applyLosses(peer.shownOtherwise, listing), `${name} reads Strata's ${archive.form}`);
    }
    const expected = applyLosses(peer.losses, listing);
    for (const archive of peer.make(plainBaseTar)) {
      assert.deepEqual(await readByStrata(context, archive), expected, `Strata reads its ${archive.form}`);
    }
  });
}

test('skopeo copies an image into each form and compression, and Strata reads it', { skip }, async (context) => {
  const { baseTar, listing } = oddTree(temporaryFolder(context));
  const folder = temporaryFolder(context);
  const copy = (from: string, to: string, ...flags: readonly string[]): void => {
    execFileSync('skopeo', ['--insecure-policy', 'copy', '-q', ...flags, from, to], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  };
  for (const { form, path } of await makeByStrata(context, baseTar)) {
    const from = `${form}:${path}:${form === 'oci-archive' ? '1' : imageName}`;
    const at = (name: string): string => join(folder, `${form}-${name}`);
    const copies: Archive[] = [];
    for (const [name, to, flags] of [
      ['zstd', 'oci', ['--dest-compress-format=zstd']],
      ['gzip', 'oci-archive', []],
      ['plain', 'docker-archive', []],
    ] as const) {
      copy(from, `${to}:${at(name)}:${imageName}`, ...flags);
      copies.push({ form: to, path: at(name) });
    }
    copy(from, `dir:${at('dir')}`, '--dest-decompress');
    copy(`dir:${at('dir')}`, `oci:${at('from-dir')}:${imageName}`);
    copies.push({ form: 'oci', path: at('from-dir') });
    for (const archive of copies) assert.deepEqual(await readByStrata(context, archive), listing, archive.path);
  }
});
