// Commits without a pause of a container that may make devices: a second process exchanges a file of its layer and a
// device, as fast as the kernel lets it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, lstatSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { MemorySnapshotLedger } from '../../../src/ledger/memory.ts';
import { openChanges } from '../../../src/snapshots/open-changes.ts';
import { openSnapshotter } from '../../../src/snapshots/open-snapshotter.ts';
import { AT_FDCWD } from '../../../src/sys/constants.ts';
import { errnoOf } from '../../../src/sys/errno.ts';
import { mknodAt } from '../../../src/sys/fs-at.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { assertNothingLeft } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { isSoak } from '../../helpers/random.ts';
import { testStore } from '../../helpers/test-store.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');
const tries = isSoak ? 1000 : 10;
// /dev/zero: bytes read from it cannot be mistaken.
const zero = [1, 5] as const;
const own = 'of the container'.repeat(1000);

for (const driver of ['overlay2', 'vfs']) {
  test(`a container’s changes are read where no device opens, ${driver}`, { skip }, async (t) => {
    const ledger = new MemorySnapshotLedger();
    const snapshotter = await openSnapshotter({ driver, root: temporaryFolder(t), ledger });
    const { id } = await snapshotter.prepare(undefined, { lease: ledger.lease() });
    {
      await using written = await openChanges(snapshotter, id, { access: 'write' });
      writeFileSync(join(written.tree.upperDir, 'file'), own);
      mknodAt(AT_FDCWD, join(written.tree.upperDir, 'zero'), 'character-device', 0o666, ...zero);
    }
    await using changes = await openChanges(snapshotter, id, { access: 'read' });
    const { upperDir } = changes.tree;
    assert.equal(readFileSync(join(upperDir, 'file'), 'utf8'), own);
    assert.ok(statSync(join(upperDir, 'zero')).isCharacterDevice(), 'it is part of the layer all the same');
    assert.throws(
      () => openSync(join(upperDir, 'zero'), 'r'),
      (error) => errnoOf(error) === 'EACCES',
    );
  });
}

for (const driver of ['overlay2', 'vfs']) {
  test(`a commit opens no device that takes the place of a file, ${driver}`, { skip }, async (t) => {
    const engine = await testStore(t, { busybox: 'busybox', storageDriver: driver });
    const script = `i=0; while [ $i -lt 1000 ]; do printf 'of the container'; i=$((i+1)); done > /file`;
    const { id } = await engine.containers.create({ image: 'busybox', command: ['sh', '-c', script] });
    await engine.containers.start(id);
    assert.equal(await engine.containers.wait(id), 0);
    const files = (): string[] => globSync(join(engine.layout.root, '**/file'));
    const [theirs = ''] = files();
    assert.equal(readFileSync(theirs, 'utf8'), own);
    const layer = dirname(theirs);
    mknodAt(AT_FDCWD, join(layer, 'zero'), 'character-device', 0o666, ...zero);
    const swap = join(import.meta.dirname, '../sys/swap.fixture.ts');
    const child = spawn(process.execPath, [swap, layer, 'file', 'zero'], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    for (let at = 0; at < tries; at++) {
      try {
        await engine.containers.commit(id, { reference: `taken:${at}`, pause: false }).result;
      } catch (error) {
        if (!isStrataError(error, 'ERR_CONTAINER_CHANGED')) throw error;
      }
    }
    writeFileSync(join(layer, 'stop'), '');
    await once(child, 'exit');
    await engine.containers.commit(id, { reference: 'still' }).result;
    const copies = files().filter((path) => dirname(path) !== layer && lstatSync(path).isFile());
    for (const path of copies) assert.equal(readFileSync(path, 'utf8'), own, `${path} is what the container wrote`);
    await engine.containers.remove(id);
    await assertNothingLeft(engine, [id]);
  });
}
