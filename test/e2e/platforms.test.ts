import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { temporaryFolder } from '../helpers/build-folder.ts';
import { asTar, image, nameAnnotation, sha256, TestLayout } from '../helpers/image-archives.ts';
import { needs } from '../helpers/needs.ts';
import { placesOf } from '../helpers/store-places.ts';
import { type StrataCommand, strataCommand } from '../helpers/strata.ts';
import { file, tar } from '../helpers/tar-builder.ts';

const skip = needs('root', 'overlay');
const [common, here, there] = ['common', 'here', 'there'].map((name) => tar(file(name, name.repeat(1000)))) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const host = process.arch === 'arm64' ? 'arm64' : 'amd64';
const [own, foreign] = [
  image([common, here], { architecture: host }),
  image([common, there], { architecture: 's390x' }),
];

async function ok(running: ReturnType<StrataCommand>): Promise<string> {
  const { code, stdout, stderr } = await running;
  assert.equal(code, 0, stderr);
  return stdout;
}

/** Creates a store with an image for two platforms, loaded one after the other. */
async function storeOfBoth(context: TestContext): Promise<{ strata: StrataCommand; archive: string }> {
  const layout = new TestLayout();
  const gzip = (layer: Uint8Array): Uint8Array => gzipSync(layer);
  const index = layout.document(
    {
      manifests: [
        layout.image(own, gzip, '+gzip', { platform: { os: 'linux', architecture: host } }),
        layout.image(foreign, gzip, '+gzip', { platform: { os: 'linux', architecture: 's390x' } }),
      ],
    },
    'index',
    nameAnnotation('multi:1'),
  );
  const archive = join(temporaryFolder(context), 'multi.tar');
  writeFileSync(archive, asTar(layout.index(index)));
  const strata = strataCommand(context);
  for (const platform of [`linux/${host}`, 'linux/s390x']) {
    assert.equal(await ok(strata('load', '--platform', platform, '-i', archive)), 'Loaded image: multi:1\n');
  }
  return { strata, archive };
}

const absent = /image with reference multi:1 was found but does not provide the specified platform \(linux\/s390x\)/;

test('each platform of an image is inspected, saved and removed by itself', { skip }, async (context) => {
  const { strata, archive } = await storeOfBoth(context);
  const id = async (...flags: readonly string[]): Promise<string> =>
    (await ok(strata('image', 'inspect', '--format', '{{.Id}}', ...flags, 'multi:1'))).trim();
  assert.equal(await id(), own.id);
  assert.equal(await id('--platform', 'linux/s390x'), foreign.id);
  const history = await ok(strata('history', '-q', '--no-trunc', '--platform', 'linux/s390x', 'multi:1'));
  assert.equal(history.split('\n')[0], foreign.id);
  const saved = join(temporaryFolder(context), 'saved.tar');
  await ok(strata('save', '--platform', 'linux/s390x', '-o', saved, 'multi:1'));
  const other = strataCommand(context);
  await ok(other('load', '-i', saved));
  assert.equal((await ok(other('images', '-q', '--no-trunc'))).trim(), foreign.id);

  const removed = await ok(strata('rmi', '--platform', 'linux/s390x', 'multi:1'));
  const lines = removed.trim().split('\n');
  assert.equal(lines.length, 2, removed);
  assert.equal(lines[0], `Deleted: ${foreign.id}`);
  assert.equal(await id(), own.id, 'the name stays with the other');
  for (const args of [['image', 'inspect'], ['history'], ['rmi'], ['save', '-o', saved]]) {
    const { code, stderr } = await strata(...args, '--platform', 'linux/s390x', 'multi:1');
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, absent);
  }
  await ok(strata('system', 'check'));
  const isStored = (layer: Uint8Array): boolean => existsSync(join(placesOf(strata).blobs, sha256(gzipSync(layer))));
  assert.deepEqual([common, here, there].map(isStored), [true, true, false]);
  await ok(strata('load', '--platform', 'linux/s390x', '-i', archive));
  assert.equal(await id('--platform', 'linux/s390x'), foreign.id, 'and it can come again');

  const all = await ok(strata('rmi', '--platform', `linux/${host},linux/s390x`, 'multi:1'));
  assert.match(all, /^Untagged: multi:1$/m);
  assert.equal(await ok(strata('images', '-aq')), '');
  await ok(strata('system', 'check'));
});

test('an image that a container uses cannot be removed for any platform', {
  skip: skip || needs('runc'),
}, async (context) => {
  const { strata } = await storeOfBoth(context);
  await ok(strata('create', 'multi:1', '/here'));
  const { code, stderr } = await strata('rmi', '--platform', `linux/${host}`, 'multi:1');
  assert.equal(code, 1);
  assert.match(stderr, /image is being used by stopped container/);
  await ok(strata('rmi', '--platform', 'linux/s390x', 'multi:1'));
});
