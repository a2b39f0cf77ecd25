import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { Database } from '../../../src/metadata/database.ts';
import { migrations } from '../../../src/metadata/migrations/all.ts';
import type { Migration } from '../../../src/metadata/migrations/migration.ts';
import { temporaryRoot } from './open-store.ts';

const table: Migration = { version: 1, sql: 'CREATE TABLE item (name TEXT PRIMARY KEY) STRICT' };
const another: Migration = { version: 2, sql: 'CREATE TABLE other (a INTEGER); INSERT INTO other VALUES (7)' };
const broken: Migration = { version: 2, sql: 'CREATE TABLE half (a INTEGER); INSERT INTO nowhere VALUES (1)' };

const names = (db: Database): string[] =>
  db
    .statement<{ name: string }>('SELECT name FROM item ORDER BY name')
    .all()
    .map(({ name }) => name);
const add = (db: Database, name: string): number => db.statement('INSERT INTO item VALUES (?)').run(name);
const pragma = (db: Database, name: string): unknown =>
  Object.values(db.statement<Record<string, unknown>>(`PRAGMA ${name}`).get() ?? {})[0];

describe('transactions', () => {
  test('a write happens as a whole or not at all', (context) => {
    using db = Database.open(join(temporaryRoot(context), 'a.db'), { migrations: [table] });
    const answer = db.write(() => {
      add(db, 'a');
      return 42;
    });
    assert.equal(answer, 42);
    assert.throws(
      () =>
        db.write(() => {
          add(db, 'b');
          throw new Error('no');
        }),
      /no/,
    );
    assert.deepEqual(names(db), ['a']);
  });

  test('a part that fails is undone by itself', (context) => {
    using db = Database.open(join(temporaryRoot(context), 'a.db'), { migrations: [table] });
    db.write(() => {
      add(db, 'a');
      assert.throws(() =>
        db.writeVolatile(() => {
          add(db, 'b');
          db.write(() => add(db, 'c'));
          add(db, 'a');
        }),
      );
      db.write(() => add(db, 'd'));
    });
    assert.deepEqual(names(db), ['a', 'd']);
  });

  test('a transaction cannot wait', (context) => {
    using db = Database.open(join(temporaryRoot(context), 'a.db'), { migrations: [table] });
    assert.throws(() => db.write(async () => add(db, 'a')), /does not span an await/);
    assert.throws(() => db.write(() => db.write(async () => add(db, 'a'))), /does not span an await/);
    assert.deepEqual(names(db), []);
  });

  test('a read sees one state, and does not write', (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    using db = Database.open(path, { migrations: [table] });
    using other = Database.open(path, { migrations: [table] });
    db.read(() => {
      assert.deepEqual(names(db), []);
      other.write(() => add(other, 'a'));
      assert.deepEqual(names(db), []);
      assert.throws(() => db.write(() => add(db, 'b')), /a write does not happen inside a read/);
    });
    assert.deepEqual(names(db), ['a']);
  });

  test('every commit is flushed, unless it is said to be volatile', (context) => {
    using db = Database.open(join(temporaryRoot(context), 'a.db'), { migrations: [table] });
    const full = 2;
    const normal = 1;
    assert.equal(pragma(db, 'journal_mode'), 'wal');
    assert.equal(pragma(db, 'foreign_keys'), 1);
    assert.equal(
      db.write(() => pragma(db, 'synchronous')),
      full,
    );
    assert.equal(
      db.writeVolatile(() => pragma(db, 'synchronous')),
      normal,
    );
    assert.throws(() =>
      db.writeVolatile(() => {
        throw new Error('no');
      }),
    );
    assert.equal(pragma(db, 'synchronous'), full);
    assert.equal(
      db.write(() => db.writeVolatile(() => pragma(db, 'synchronous'))),
      full,
    );
  });
});

describe('the format of the store', () => {
  test('the real migrations make a store, and a second opening changes nothing', (context) => {
    const path = join(temporaryRoot(context), 'strata.db');
    {
      using db = Database.open(path);
      assert.equal(pragma(db, 'user_version'), migrations.at(-1)?.version);
      assert.equal(pragma(db, 'integrity_check'), 'ok');
    }
    const before = readFileSync(path);
    Database.open(path)[Symbol.dispose]();
    assert.ok(readFileSync(path).equals(before));
  });

  test('versions go up one by one', () => {
    assert.deepEqual(
      migrations.map(({ version }) => version),
      migrations.map((_, i) => i + 1),
    );
  });

  test('an older store is brought up, with what is in it', (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    {
      using db = Database.open(path, { migrations: [table] });
      db.write(() => add(db, 'kept'));
    }
    using db = Database.open(path, { migrations: [table, another] });
    assert.deepEqual(names(db), ['kept']);
    assert.equal(db.statement<{ a: number }>('SELECT a FROM other').get()?.a, 7);
    assert.equal(pragma(db, 'user_version'), 2);
  });

  test('a migration that fails leaves the old format, whole', (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    Database.open(path, { migrations: [table] })[Symbol.dispose]();
    assert.throws(() => Database.open(path, { migrations: [table, broken] }), /nowhere/);
    using db = Database.open(path, { migrations: [table] });
    assert.equal(pragma(db, 'user_version'), 1);
    assert.throws(() => db.statement('SELECT * FROM half').get(), /no such table/);
  });

  test('a newer store is refused and not touched', (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    Database.open(path, { migrations: [table, another] })[Symbol.dispose]();
    const before = readFileSync(path);
    assert.throws(() => Database.open(path, { migrations: [table] }), {
      code: 'ERR_STORE_FORMAT_NEWER',
      kind: 'failed-precondition',
      hint: 'Upgrade Strata, or name another store.',
    });
    assert.ok(readFileSync(path).equals(before));
  });

  test('another program’s database is refused and not touched', (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    const foreign = new DatabaseSync(path);
    foreign.exec('CREATE TABLE theirs (a)');
    foreign.close();
    const before = readFileSync(path);
    assert.throws(() => Database.open(path), { code: 'ERR_STORE_FOREIGN', kind: 'failed-precondition' });
    assert.ok(readFileSync(path).equals(before));
  });

  test('garbage is reported as damage', (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    writeFileSync(path, Buffer.alloc(8192, 'garbage '));
    assert.throws(() => Database.open(path), { code: 'ERR_STORE_CORRUPT', kind: 'corrupt' });
  });

  test('a folder that is not there is said to be so', (context) => {
    const path = join(temporaryRoot(context), 'missing/a.db');
    assert.throws(() => Database.open(path), { code: 'ERR_STORE_NOT_WRITABLE', kind: 'permission-denied' });
  });
});

describe('several processes', () => {
  const fixture = join(import.meta.dirname, 'database.fixture.ts');
  const start = (...args: readonly string[]) =>
    spawn(process.execPath, [fixture, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });

  test('six of them make one store at once and lose no write', async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    const children = Array.from({ length: 6 }, (_, i) => start(path, 'add', `p${i}`, '40'));
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'close'))[0] as number));
    assert.deepEqual(new Set(codes), new Set([0]));
    using db = Database.open(path, { migrations: [table] });
    assert.equal(names(db).length, 6 * 40);
    assert.equal(pragma(db, 'integrity_check'), 'ok');
  });

  test('who holds the store for too long is told of; who is killed lets go', async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    const child = start(path, 'hold', 'x');
    context.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    using db = Database.open(path, { migrations: [table], busyTimeoutMs: 50 });
    assert.throws(() => db.write(() => add(db, 'mine')), { code: 'ERR_STORE_BUSY', kind: 'unavailable' });
    assert.deepEqual(names(db), [], 'reading goes on');
    child.kill('SIGKILL');
    await once(child, 'close');
    db.write(() => add(db, 'mine'));
    assert.deepEqual(names(db), ['mine'], 'an unfinished transaction of a killed process never happened');
  });
});
