// A disk takes what is appended to the database's log and loses it when it is flushed.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { Database } from '../../../src/metadata/database.ts';
import { withLosingDisk } from '../../helpers/losing-disk.ts';
import { needs } from '../../helpers/needs.ts';

const table = { version: 1, sql: 'CREATE TABLE item (bytes BLOB) STRICT; CREATE TABLE state (name TEXT, value TEXT)' };

test('a transaction whose flush fails is told, and the log begins anew', {
  skip: needs('root', 'loop', 'mkfs.ext4'),
}, async (context) => {
  const disk = withLosingDisk(context);
  const path = join(disk.path, 'a.db');
  const failures: unknown[] = [];
  using db = await Database.open(path, { migrations: [table], onFlushFailed: (error) => failures.push(error) });
  const insert = (bytes: number): Promise<unknown> =>
    db.transact(() => db.statement('INSERT INTO item VALUES (?)').run(randomBytes(bytes)));
  await insert(10);
  assert.equal(failures.length, 0);
  await assert.rejects(
    async () => {
      for (let round = 0; round < 30; round++) await insert(1 << 20);
    },
    (error) => isStrataError(error, 'ERR_STORE_IO') || isStrataError(error, 'ERR_STORE_FULL'),
  );
  assert.equal(failures.length, 1);
  disk.mend();
  await insert(10);
  assert.equal(failures.length, 1);
});
