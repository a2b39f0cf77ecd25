// A power cut after events that are not flushed; a follower has seen them, and comes back with the last one's number.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Metadata } from '../../../src/metadata/metadata.ts';
import { needs } from '../../helpers/needs.ts';
import { PowerDisk, powerCuts } from '../../helpers/power-cut.ts';

test('the number of an event lost in a power cut is not used again, and earlier events stay', {
  skip: needs('root', 'loop', 'mkfs.ext4', 'losetup'),
}, async () => {
  using disk = new PowerDisk(64);
  const paths = { database: join(disk.path, 'strata.db'), locksDirectory: join(disk.path, 'locks') };
  const add = async ({ db, events }: Metadata, action: string, skipFlush: boolean): Promise<void> =>
    await db.transact(() => events.add({ type: 'container', action, actor: 'a', attributes: {} }), { skipFlush });
  let seen = 0;
  {
    using metadata = await Metadata.open({ ...paths, bootId: 'one' });
    await add(metadata, 'create', false);
    for (let at = 0; at < 100; at++) await add(metadata, 'exec_die', true);
    seen = metadata.events.newest();
    disk.cut(powerCuts['log lost'] ?? 0);
  }
  await disk.startAgain();
  using metadata = await Metadata.open({ ...paths, bootId: 'another' });
  assert.ok(metadata.events.newest() < seen, 'the cut was one');
  for (let at = 0; at < 100; at++) await add(metadata, 'start', false);
  const actions = (since: number): string[] => metadata.events.after(since, 1000).map(({ action }) => action);
  assert.deepEqual(
    actions(seen),
    Array.from({ length: 100 }, () => 'start'),
  );
  assert.ok(actions(0).includes('create'));
});
