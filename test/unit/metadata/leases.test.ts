import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { output } from '../../helpers/needs.ts';
import { newStore, openStore, temporaryRoot } from './open-store.ts';

const leaseFiles = (root: string): string[] =>
  readdirSync(join(root, 'locks')).filter((name) => name.startsWith('lease-'));

async function holder(context: TestContext, root: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'hold-lease.fixture.ts'), root], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

describe('leases', () => {
  test('a lease has a row and a locked file, and leaves neither', async (context) => {
    const { root, metadata } = await newStore(context);
    {
      await using lease = await metadata.leases.open('pull of busybox');
      const [row] = metadata.leases.list();
      assert.deepEqual(
        { ...row, createdAt: 0 },
        { id: lease.id, purpose: 'pull of busybox', pid: process.pid, createdAt: 0 },
      );
      assert.deepEqual(leaseFiles(root), [`lease-${lease.id}`]);
      assert.deepEqual(await metadata.leases.removeDead(), [], 'our own is alive');
      await lease[Symbol.asyncDispose]();
      assert.deepEqual(metadata.leases.list(), []);
    }
    assert.deepEqual(leaseFiles(root), []);
  });

  test('pin, then look', async (context) => {
    const { metadata } = await newStore(context);
    const { db, objects, blobs, leases } = metadata;
    const digest = `sha256:${'a'.repeat(64)}` as Parameters<typeof blobs.get>[0];
    await using maker = await leases.open('maker');
    await using user = await leases.open('user');
    assert.equal(await user.pinIfPresent('blob', digest), false);
    assert.equal(objects.find('blob', digest), undefined, 'a miss leaves no trace');
    await maker.pin('blob', digest);
    assert.equal(await user.pinIfPresent('blob', digest), false, 'named is not present');
    assert.equal(objects.isWanted('blob', digest), true);
    await db.transact(() => blobs.put({ digest, sizeBytes: 1 }, maker));
    assert.equal(await user.pinIfPresent('blob', digest), true);
    assert.equal(await user.pinIfPresent('blob', digest), true);
    const id = objects.find('blob', digest) ?? 0;
    assert.equal(objects.countPins(id), 2);
    assert.equal(objects.countPins(id, user), 1);
    await maker[Symbol.asyncDispose]();
    assert.equal(objects.countPins(id), 1);
  });

  test('another process’s lease lives until it is killed', async (context) => {
    const root = temporaryRoot(context);
    const child = await holder(context, root);
    using store = await openStore(root);
    const { leases, objects } = store.metadata;
    assert.deepEqual(await leases.removeDead(), []);
    assert.equal(objects.isWanted('layer', 'held'), true);
    child.kill('SIGKILL');
    await once(child, 'close');
    assert.equal(objects.isWanted('layer', 'held'), true, 'nobody has looked yet');
    assert.deepEqual(leases.deaths(), []);
    const dead = await leases.removeDead();
    assert.equal(dead.length, 1);
    assert.equal(objects.isWanted('layer', 'held'), false);
    assert.deepEqual(await leases.removeDead(), []);
    assert.deepEqual(leaseFiles(root), []);
    assert.deepEqual(leases.deaths(), dead, 'until somebody has cleared up');
    leases.forgetDeaths(dead);
    assert.deepEqual(leases.deaths(), []);
  });

  test('a child of the holder gets neither its lock nor the database', async (context) => {
    const root = temporaryRoot(context);
    using store = await openStore(root);
    const lease = await store.metadata.leases.open('parent');
    const open = output('ls', '-l', '/proc/self/fd');
    assert.match(open, / 2 -> /);
    assert.ok(!open.includes(root), open);
    await lease[Symbol.asyncDispose]();
    assert.deepEqual(await store.metadata.leases.removeDead(), []);
  });

  test('a lock file without a row, and a row without its file, are dead', async (context) => {
    const { root, metadata } = await newStore(context);
    writeFileSync(join(root, 'locks/lease-feedfacefeedface0000'), '');
    const lease = await metadata.leases.open('robbed');
    rmSync(join(root, `locks/lease-${lease.id}`));
    assert.deepEqual(await metadata.leases.removeDead(), [lease.id]);
    assert.deepEqual(leaseFiles(root), []);
    assert.deepEqual(metadata.leases.deaths(), [], 'neither has made anything');
    await assert.rejects(() => lease.pin('blob', 'x'), { code: 'ERR_LEASE_ENDED', kind: 'failed-precondition' });
    await lease[Symbol.asyncDispose]();
    assert.ok(existsSync(join(root, 'locks')));
  });

  test('a lock file that another process sets aside before it is locked holds no lease', async (context) => {
    const { root, metadata } = await newStore(context);
    const { openSync } = fs;
    let isTaken = false;
    const opening = context.mock.method(fs, 'openSync', (path: string, ...rest: [string]) => {
      const fd = openSync(path, ...rest);
      if (!isTaken && path.includes('/lease-')) renameSync(path, join(root, 'locks/set-aside'));
      isTaken ||= path.includes('/lease-');
      return fd;
    });
    context.after(() => {
      opening.mock.restore();
      syncBuiltinESMExports();
    });
    syncBuiltinESMExports();
    await using lease = await metadata.leases.open('raced');
    assert.ok(existsSync(join(root, 'locks/set-aside')));
    assert.deepEqual(leaseFiles(root), [`lease-${lease.id}`]);
    assert.deepEqual(await metadata.leases.removeDead(), [], 'it is alive for everybody');
  });
});
