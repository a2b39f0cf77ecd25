import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { namesInStore } from '../../../src/engine/store-names.ts';
import { readNames } from '../../../src/metadata/read-names.ts';
import { openStore, temporaryRoot } from './open-store.ts';

const container = {
  id: 'aa11',
  name: 'web',
  imageId: undefined,
  snapshotId: undefined,
  definition: {},
  state: { status: 'exited' },
} as const;

test('names are read beside a program that writes, and without one', async (t) => {
  const root = temporaryRoot(t);
  const database = join(root, 'strata.db');
  const expected = { containers: [{ name: 'web', state: { status: 'exited' } }], references: [] };
  {
    using store = await openStore(root);
    await store.metadata.db.transact(() => store.metadata.containers.insert(container));
    assert.ok(existsSync(`${database}-wal`));
    assert.deepEqual(readNames(database), expected);
  }
  const before = readdirSync(root);
  assert.deepEqual(readNames(database), expected);
  assert.deepEqual(await namesInStore({ root, configurationFile: false }), {
    containers: [{ name: 'web', status: 'exited' }],
    images: [],
  });
  assert.deepEqual(readdirSync(root), before, 'nothing is left beside the database');
  rmSync(`${database}-shm`);
  assert.throws(() => readNames(database));
  assert.equal(existsSync(`${database}-shm`), false, 'what is missing is not made either');
});

test('without a valid store there are no names, and nothing is created', async (t) => {
  const root = temporaryRoot(t);
  const none = { containers: [], images: [] };
  assert.deepEqual(await namesInStore({ root: join(root, 'absent'), configurationFile: false }), none);
  assert.equal(existsSync(join(root, 'absent')), false);
  writeFileSync(join(root, 'strata.db'), 'not a database');
  assert.deepEqual(await namesInStore({ root, configurationFile: false }), none);
  rmSync(join(root, 'strata.db'));
  assert.deepEqual(await namesInStore({ root, configurationFile: false }), none);
  assert.deepEqual(readdirSync(root), []);
});
