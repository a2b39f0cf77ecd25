// A disk takes appends to the database's log and loses them when it is flushed.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { Database } from '../../../src/metadata/database.ts';
import { type LosingDisk, mountLosingDisk } from '../../helpers/losing-disk.ts';
import { needs } from '../../helpers/needs.ts';

const table = { version: 1, sql: 'CREATE TABLE item (bytes BLOB) STRICT; CREATE TABLE state (name TEXT, value TEXT)' };

test('a transaction with a failed flush is reported, and the log begins anew', {
  skip: needs('root', 'loop', 'mkfs.ext4'),
}, async (context) => {
  const disk = mountLosingDisk(context);
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

/** Opens a database on a disk that loses appends to the log until it is mended. */
async function withLostLog(context: TestContext): Promise<{
  readonly disk: LosingDisk;
  readonly db: Database;
  readonly insert: (bytes: number) => Promise<void>;
  readonly path: string;
}> {
  const disk = mountLosingDisk(context);
  const path = join(disk.path, 'a.db');
  const db = await Database.open(path, { migrations: [table], busyTimeoutMs: 300 });
  const insert = async (bytes: number): Promise<void> => {
    await db.transact(() => db.statement('INSERT INTO item VALUES (?)').run(randomBytes(bytes)));
  };
  await insert(10);
  return { disk, db, insert, path };
}

const untilLost = async (insert: (bytes: number) => Promise<void>): Promise<void> =>
  await assert.rejects(
    async () => {
      for (let round = 0; round < 30; round++) await insert(1 << 20);
    },
    (error) => isStrataError(error, 'ERR_STORE_IO') || isStrataError(error, 'ERR_STORE_FULL'),
  );

/** Returns the sizes of the rows that the disk kept. */
function keptSizes(disk: LosingDisk, path: string): number[] {
  disk.startAgain();
  using db = Database.openForReading(path, { migrations: [table] });
  return db
    .statement<{ n: number }>('SELECT length(bytes) AS n FROM item')
    .all()
    .map(({ n }) => n);
}

test('transactions acknowledged after a lost flush are on the disk', {
  skip: needs('root', 'loop', 'mkfs.ext4'),
}, async (context) => {
  const { disk, db, insert, path } = await withLostLog(context);
  await untilLost(insert);
  disk.mend();
  await insert(77);
  db[Symbol.dispose]();
  assert.ok(keptSizes(disk, path).includes(77));
});

test('nothing is acknowledged as long as a reader keeps the damaged log', {
  skip: needs('root', 'loop', 'mkfs.ext4'),
}, async (context) => {
  const { disk, db, insert, path } = await withLostLog(context);
  const reader = new DatabaseSync(path);
  reader.exec('BEGIN; SELECT * FROM item');
  await untilLost(insert);
  disk.mend();
  await assert.rejects(insert(77), { code: 'ERR_STORE_BUSY' });
  reader.close();
  await insert(78);
  db[Symbol.dispose]();
  const sizes = keptSizes(disk, path);
  assert.deepEqual([sizes.includes(77), sizes.includes(78)], [false, true]);
});
