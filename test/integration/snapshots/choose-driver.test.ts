import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { chooseDriver } from '../../../src/snapshots/choose-driver.ts';
import type { DriverChoice } from '../../../src/snapshots/driver-choice.ts';
import { vfs } from '../../../src/snapshots/drivers/vfs/index.ts';
import { driverInUse } from '../../../src/snapshots/predict-driver.ts';
import type { StorageDriver } from '../../../src/snapshots/storage-driver.ts';
import { MS_NOEXEC, MS_RDONLY, mount, unmount } from '../../../src/sys/mount.ts';
import { readMountInfo } from '../../../src/sys/mountinfo.ts';
import { mountLoopFilesystem } from '../../helpers/loop-filesystem.ts';
import { needs, output } from '../../helpers/needs.ts';

const skip = needs('root', 'overlay');
const MS_REMOUNT = 32;

/** Creates a folder for the test; `release` is called before it is removed. */
function folder(context: TestContext, release: (path: string) => void = () => undefined): string {
  const path = mkdtempSync(join(tmpdir(), 'strata-choose-'));
  context.after(() => {
    release(path);
    rmSync(path, { recursive: true });
  });
  return path;
}

function tmpfs(context: TestContext, flags = 0): string {
  const path = folder(context, unmount);
  mount({ source: 'tmpfs', target: path, type: 'tmpfs', flags });
  return path;
}

/** Creates a folder on an overlay, as in a container without a volume. */
function onOverlay(context: TestContext): string {
  const path = folder(context, (mounted) => unmount(join(mounted, 'merged')));
  for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(path, name));
  const data = `lowerdir=${path}/lower,upperdir=${path}/upper,workdir=${path}/work`;
  mount({ source: 'overlay', target: join(path, 'merged'), type: 'overlay', data });
  return join(path, 'merged');
}

const reasonOf = (choice: DriverChoice, driver: string): string | undefined =>
  choice.findings.find((finding) => finding.driver === driver)?.reason;

test('overlay2 is chosen where it works, with the reason against each other driver', {
  skip: skip || needs('loop'),
}, async () => {
  using filesystem = mountLoopFilesystem(['mkfs.ext4', '-q']);
  const root = join(filesystem.path, 'deep/root');
  const choice = await chooseDriver({ root });
  assert.equal(choice.driver, 'overlay2');
  assert.deepEqual(choice.findings, [
    { driver: 'overlay2', chosen: true, reason: `works on ext4 (${filesystem.path})` },
    { driver: 'vfs', chosen: false, reason: 'copies each layer whole' },
    ...['btrfs', 'zfs', 'devicemapper', 'aufs', 'fuse-overlayfs'].map((driver) => ({
      driver,
      chosen: false,
      reason: 'not supported yet',
    })),
  ]);
  assert.deepEqual(choice.warnings, []);
  assert.deepEqual(readdirSync(root), [], 'the trial leaves nothing');
  const below = readMountInfo().filter(({ mountPoint }) => Buffer.from(mountPoint).includes(`${root}/`));
  assert.deepEqual(below, [], 'the trial leaves no mount');
});

test('a requested driver is chosen', { skip }, async (context) => {
  const root = folder(context);
  const requested = await chooseDriver({ root, driver: 'vfs' });
  assert.equal(requested.driver, 'vfs');
  assert.equal(reasonOf(requested, 'overlay2'), 'vfs was requested');
  assert.deepEqual(requested.warnings, []);
  assert.equal((await chooseDriver({ root, driver: 'auto' })).driver, 'overlay2');
  assert.equal(reasonOf(await chooseDriver({ root, driver: 'overlay2' }), 'vfs'), 'overlay2 was requested');
});

test('an unknown driver, and one that is not supported yet, are refused', { skip }, async (context) => {
  const root = folder(context);
  await assert.rejects(chooseDriver({ root, driver: 'ext5' }), {
    code: 'ERR_STORAGE_DRIVER_UNKNOWN',
    kind: 'invalid-argument',
  });
  await assert.rejects(chooseDriver({ root, driver: 'btrfs' }), {
    code: 'ERR_STORAGE_DRIVER_UNSUPPORTED',
    message: 'storage driver btrfs: not supported yet',
  });
});

test('a root on overlay falls back to vfs with one warning', { skip }, async (context) => {
  const root = onOverlay(context);
  const choice = await chooseDriver({ root });
  assert.equal(choice.driver, 'vfs');
  assert.equal(choice.warnings.length, 1);
  assert.match(choice.warnings[0] ?? '', /^storage driver vfs is used, .*overlay \(.*\/merged\)/);
  assert.match(reasonOf(choice, 'overlay2') ?? '', /cannot keep layers on overlay/);
  await assert.rejects(chooseDriver({ root, driver: 'overlay2' }), {
    code: 'ERR_STORAGE_DRIVER_UNSUPPORTED',
  });
  assert.deepEqual(readdirSync(root), []);
});

test('a filesystem whose listings have no types falls back to vfs', { skip: skip || needs('loop') }, async () => {
  using filesystem = mountLoopFilesystem(['mkfs.ext4', '-q', '-O', '^filetype']);
  const choice = await chooseDriver({ root: filesystem.path });
  assert.equal(choice.driver, 'vfs');
  assert.match(reasonOf(choice, 'overlay2') ?? '', /shows deleted files on ext4/);
});

test('a read-only root is refused', { skip }, async (context) => {
  const root = tmpfs(context);
  mount({ source: 'none', target: root, type: 'none', flags: MS_RDONLY | MS_REMOUNT });
  await assert.rejects(chooseDriver({ root }), {
    code: 'ERR_STORAGE_ROOT_UNUSABLE',
    kind: 'failed-precondition',
    message: `root ${root}: cannot be written (EROFS)`,
  });
});

test('noexec does not matter to overlay2, and gives a warning with vfs', { skip }, async (context) => {
  const root = tmpfs(context, MS_NOEXEC);
  assert.deepEqual((await chooseDriver({ root })).warnings, []);
  assert.deepEqual((await chooseDriver({ root, driver: 'vfs' })).warnings, [
    `programs in containers cannot start: ${root} is mounted noexec`,
  ]);
});

test('a store with snapshots of vfs alone stays with vfs, and unused snapshots give a warning', {
  skip,
}, async (context) => {
  const root = folder(context);
  mkdirSync(join(root, 'snapshots/vfs/0123'), { recursive: true });
  mkdirSync(join(root, 'snapshots/overlay2'), { recursive: true });
  const choice = await chooseDriver({ root });
  assert.equal(choice.driver, 'vfs');
  assert.equal(reasonOf(choice, 'overlay2'), 'vfs holds the snapshots of this store');
  assert.deepEqual(choice.warnings, []);
  const hidden = 'snapshots of storage driver vfs in this store are not used';
  assert.deepEqual((await chooseDriver({ root, driver: 'overlay2' })).warnings, [hidden]);
  mkdirSync(join(root, 'snapshots/overlay2/0123'));
  const both = await chooseDriver({ root });
  assert.deepEqual([both.driver, both.warnings], ['overlay2', [hidden]]);
  for (const name of ['snapshots/other/0123', 'snapshots/empty/.trial'])
    mkdirSync(join(root, name), { recursive: true });
  const strange =
    'snapshots of storage driver other in this store cannot be used: this program does not have that driver';
  assert.deepEqual((await chooseDriver({ root })).warnings, [hidden, strange]);
});

test('a store with snapshots of one driver needs no trial', (context) => {
  const root = folder(context);
  assert.equal(driverInUse({ root }), undefined);
  for (const driver of ['vfs', 'overlay2'] as const) mkdirSync(join(root, 'snapshots', driver), { recursive: true });
  assert.equal(driverInUse({ root }), undefined);
  mkdirSync(join(root, 'snapshots/vfs/0123'));
  assert.equal(driverInUse({ root }), 'vfs');
  assert.equal(driverInUse({ root, driver: 'vfs' }), 'vfs');
  assert.equal(driverInUse({ root, driver: 'overlay2' }), undefined);
  assert.throws(() => driverInUse({ root, driver: 'zfs' }), {
    code: 'ERR_STORAGE_DRIVER_UNSUPPORTED',
    hint: 'Use overlay2 or vfs, or auto to have one chosen.',
  });
  mkdirSync(join(root, 'snapshots/overlay2/0123'));
  assert.equal(driverInUse({ root }), undefined);
});

test('a table of drivers decides by its order, its trials and its names', async (context) => {
  const root = folder(context);
  const driver = (name: string, works: boolean): StorageDriver => ({
    ...vfs,
    name,
    probe: async () => ({ works, reason: works ? 'always' : `no ${name} here`, warnings: [`${name} is slow`] }),
  });
  const table = { drivers: [driver('first', false), driver('second', true), driver('third', true)], later: ['fourth'] };
  const choice = await chooseDriver({ root, table });
  assert.deepEqual(choice, {
    driver: 'second',
    findings: [
      { driver: 'first', chosen: false, reason: 'no first here' },
      { driver: 'second', chosen: true, reason: 'always' },
      { driver: 'third', chosen: false, reason: 'copies each layer whole' },
      { driver: 'fourth', chosen: false, reason: 'not supported yet' },
    ],
    warnings: ['storage driver second is used, which copies each layer whole: no first here', 'second is slow'],
  });
  await assert.rejects(chooseDriver({ root, driver: 'vfs', table }), {
    code: 'ERR_STORAGE_DRIVER_UNKNOWN',
    hint: 'Use first or second or third, or auto to have one chosen.',
  });
  mkdirSync(join(root, 'snapshots/third/0123'), { recursive: true });
  assert.equal(driverInUse({ root, table }), 'third');
  const kept = await chooseDriver({ root, table });
  assert.deepEqual([kept.driver, kept.warnings], ['third', ['third is slow']]);
  assert.equal(reasonOf(kept, 'second'), 'third holds the snapshots of this store');
  const none = { drivers: [driver('first', false), driver('other', false)], later: [] };
  await assert.rejects(chooseDriver({ root, table: none }), {
    code: 'ERR_STORAGE_DRIVER_UNSUPPORTED',
    message: 'storage driver any: no first here; no other here',
  });
});

test('overlay2 works in a user namespace with user xattrs only', { skip: skip || needs('unshare') }, (context) => {
  const root = folder(context);
  const choose = (...mode: readonly string[]): DriverChoice =>
    JSON.parse(
      output('unshare', '-Urm', process.execPath, join(import.meta.dirname, 'rootless.fixture.ts'), root, ...mode),
    ) as DriverChoice;
  assert.equal(choose('rootless').driver, 'overlay2');
  const withoutMarks = choose();
  assert.equal(withoutMarks.driver, 'vfs');
  assert.match(reasonOf(withoutMarks, 'overlay2') ?? '', /EPERM/);
});
