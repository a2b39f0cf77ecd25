// A full disk, a full inode table, a full inode and a full disk elsewhere share error numbers but not cures.
import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { AT_FDCWD } from '../../../src/sys/constants.ts';
import { closeFd, openAt } from '../../../src/sys/fs-at.ts';
import { setXattrAt, setXattrFd } from '../../../src/sys/xattr.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { asTar, dockerArchive, image } from '../../helpers/image-archives.ts';
import { type LoopFilesystem, mountLoopFilesystem } from '../../helpers/loop-filesystem.ts';
import { needs } from '../../helpers/needs.ts';
import { removeRunStateAfter, storeRoot } from '../../helpers/store-root.ts';
import { file, tar } from '../../helpers/tar-builder.ts';

const skip = needs('root', 'overlay', 'loop');

async function* bytes(archive: Uint8Array): AsyncGenerator<Uint8Array> {
  yield archive;
}

const ext4 = (inodes?: number): LoopFilesystem =>
  mountLoopFilesystem(['mkfs.ext4', '-q', '-m', '0', ...(inodes === undefined ? [] : ['-N', String(inodes)])], {
    megabytes: 64,
  });

async function openStore(context: TestContext, root: string): Promise<Engine> {
  const engine = await Engine.open({ root, storageDriver: 'overlay2' });
  removeRunStateAfter(context, engine.layout.root);
  return engine;
}

const attributes = Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`user.k${at}`, 'v'.repeat(20)]));

test('more attributes than one file takes are not a full disk', { skip }, async (context) => {
  using disk = ext4();
  await using engine = await openStore(context, join(disk.path, 'root'));
  const archive = dockerArchive([{ image: image([tar(file('f', '', { xattrs: attributes }))]) }]);
  await assert.rejects(engine.images.load({ input: bytes(asTar(archive)) }).result, {
    code: 'ERR_ATTRIBUTE_LIMIT',
    message: 'layer entry "f": more extended attributes than the filesystem keeps for one file',
  });
  const limit = { code: 'ERR_ATTRIBUTE_LIMIT', errnoName: 'E2BIG' };
  const fd = openAt(AT_FDCWD, disk.path, 0);
  try {
    closeSync(openSync(join(disk.path, 'file'), 'w'));
    assert.throws(() => {
      for (const name of Object.keys(attributes)) setXattrAt(fd, 'file', name, new Uint8Array(20));
    }, limit);
    assert.throws(() => setXattrFd(fd, 'user.large', new Uint8Array(70_000)), limit);
  } finally {
    closeFd(fd);
  }
});

test('an attribute on a full disk is a full disk', { skip }, () => {
  using disk = ext4();
  const fd = openAt(AT_FDCWD, disk.path, 0);
  try {
    closeSync(openSync(join(disk.path, 'file'), 'w'));
    assert.throws(() => writeFileSync(join(disk.path, 'fill'), new Uint8Array(64 << 20)), { code: 'ENOSPC' });
    assert.throws(() => setXattrAt(fd, 'file', 'user.large', new Uint8Array(3000)), { errnoName: 'ENOSPC' });
  } finally {
    closeFd(fd);
  }
});

test('a commit without inodes says so, even when its own are free again', {
  skip: skip || needs('runc', 'busybox'),
}, async (context) => {
  using disk = ext4(700);
  await using engine = await openStore(context, join(disk.path, 'root'));
  await engine.builder.build({ context: busyboxContext(context), tags: ['box'] }).result;
  const script = 'i=0; while [ $i -lt 150 ]; do : > /f$i; i=$((i+1)); done';
  await engine.containers.run({ image: 'box', name: 'many', command: ['sh', '-c', script] }).result;
  for (let at = 0; statfsSync(disk.path).ffree > 100; at++) writeFileSync(join(disk.path, `fill${at}`), '');
  await assert.rejects(engine.containers.commit('many', { reference: 'made' }).result, {
    code: 'ERR_NO_SPACE',
    message: /^store .*: no inodes left on device$/,
  });
});

test("a full disk elsewhere is not the store's", { skip }, async (context) => {
  using disk = mountLoopFilesystem(['mkfs.ext4', '-q'], { megabytes: 2 });
  await using engine = await openStore(context, storeRoot(context));
  const large = image([tar(file('large', new Uint8Array(8 << 20).fill(7)))]);
  await engine.images.load({ input: bytes(asTar(dockerArchive([{ image: large, tags: ['large:1'] }]))) }).result;
  await assert.rejects(engine.images.save({ images: ['large:1'], output: join(disk.path, 'large.tar') }).result, {
    code: 'ERR_NO_SPACE',
    message: `${disk.path}: no space left on device`,
    hint: 'Free space on that filesystem, or choose another path.',
  });
  assert.deepEqual(readdirSync(disk.path), ['lost+found']);
});
