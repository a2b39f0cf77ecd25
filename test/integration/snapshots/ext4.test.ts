// A driver outside of Strata passes the suite of those inside.
import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { suite, test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { allDrivers } from '../../../src/snapshots/drivers/all.ts';
import { openInMemory, snapshotterSuite } from '../../../src/testing/index.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { Ext4Snapshotter } from '../../helpers/ext4-driver/driver.ts';
import { ext4 } from '../../helpers/ext4-driver/index.ts';
import { LoopDevices } from '../../helpers/ext4-driver/loop-devices.ts';
import { needs, output } from '../../helpers/needs.ts';
import { dir, tar } from '../../helpers/tar-builder.ts';

suite('ext4', { skip: needs('root', 'loop', 'mkfs.ext4', 'losetup') }, () => {
  const roots: string[] = [];
  const open = () =>
    openInMemory(async (options) => {
      roots.push(options.root);
      return new Ext4Snapshotter(options);
    });

  snapshotterSuite({ name: 'ext4', open, depths: [2, 10] });

  test('a snapshot without its files is not whole, and gets those of the next commit of its chainID', async () => {
    await using subject = await open();
    const { snapshotter, ledger } = subject;
    await using lease = await subject.lease();
    const chainId = `sha256:${'a'.repeat(64)}` as const;
    const commit = async (): Promise<string> => {
      const { id } = await snapshotter.prepare(undefined, { lease });
      return (await snapshotter.commit(id, { lease, chainId: chainId as never, durable: false })).id;
    };
    const standing = await commit();
    rmSync(join(roots.at(-1) ?? '', 'snapshots/ext4', standing));
    assert.equal(await snapshotter.isWhole(standing), false);
    assert.equal(await commit(), standing);
    assert.equal(await snapshotter.isWhole(standing), true);
    assert.deepEqual(
      ledger.list().map(({ id }) => id),
      [standing],
    );
  });

  test('a device that one process is about to mount is not detached by another', (context) => {
    const file = join(temporaryFolder(context), 'file');
    output('truncate', '--size', '1M', file);
    const [one, other] = [new LoopDevices(), new LoopDevices()];
    const device = one.attach(file, { readOnly: false });
    assert.equal(other.attach(file, { readOnly: false }), device);
    one.detachAll();
    const fileOf = (): string => output('losetup', '--noheadings', '--output', 'BACK-FILE', '--list', device).trim();
    assert.equal(fileOf(), file);
    other.detachAll();
    const left = output('losetup', '--list', '--noheadings', '--output', 'BACK-FILE');
    assert.ok(!left.includes(file));
  });

  test('an option reaches the driver, and a wrong one is refused', async (context) => {
    const root = temporaryFolder(context);
    roots.push(root);
    const storageDrivers = { drivers: [...allDrivers.drivers, ext4], later: [] };
    const open = (storageDriver: string, ...storageOptions: string[]): Promise<Engine> =>
      Engine.open({ root, storageDrivers, storageDriver, storageOptions });
    {
      await using engine = await open('ext4', 'ext4.megabytes=9', 'ext4.megabytes=16');
      await engine.images.import({ input: Readable.from([tar(dir('d'))]) }).result;
    }
    const folder = join(root, 'snapshots/ext4');
    assert.deepEqual([...new Set(readdirSync(folder).map((name) => statSync(join(folder, name)).size))], [16 << 20]);
    await assert.rejects(open('ext4', 'ext4.megabytes=none'), {
      code: 'ERR_STORAGE_OPTION_INVALID',
      message: 'storage option ext4.megabytes=none: not a number of megabytes',
    });
    await assert.rejects(open('ext4', 'ext4.mega=1'), {
      code: 'ERR_STORAGE_OPTION_UNKNOWN',
      message: 'storage option ext4.mega=1: unknown to ext4',
      hint: 'Use one of ext4.megabytes.',
    });
    await assert.rejects(open('vfs', 'ext4.megabytes=9'), {
      code: 'ERR_STORAGE_OPTION_UNKNOWN',
      message: 'storage option ext4.megabytes=9: unknown to vfs',
      hint: 'Leave it out: vfs has no options.',
    });
    await using _auto = await open('auto', 'ext4.megabytes=9');
    await assert.rejects(open('auto', 'size=9'), { message: 'storage option size=9: unknown to every storage driver' });
  });

  test('no device is left set up', () => {
    const left = output('losetup', '--list', '--noheadings', '--output', 'BACK-FILE');
    assert.deepEqual(
      roots.filter((root) => left.includes(root)),
      [],
    );
  });
});
