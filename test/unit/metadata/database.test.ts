import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '../../../src/metadata/database.ts';
import type { Migration } from '../../../src/metadata/migrations/migration.ts';
import { migrations } from '../../../src/metadata/migrations/migrations.ts';
import { needs, output } from '../../helpers/needs.ts';
import { isSoak } from '../../helpers/random.ts';
import { temporaryRoot } from './open-store.ts';

const skip = needs('strace');

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
  test('a write happens as a whole or not at all', async (context) => {
    using db = await Database.open(join(temporaryRoot(context), 'a.db'), { migrations: [table] });
    const answer = await db.transact(() => {
      add(db, 'a');
      return 42;
    });
    assert.equal(answer, 42);
    const failing = db.transact(() => {
      add(db, 'b');
      throw new Error('no');
    });
    await assert.rejects(failing, /no/);
    assert.deepEqual(names(db), ['a']);
  });

  test('a part that fails is undone by itself', async (context) => {
    using db = await Database.open(join(temporaryRoot(context), 'a.db'), { migrations: [table] });
    await db.transact(() => {
      add(db, 'a');
      assert.throws(() =>
        db.write(() => {
          add(db, 'b');
          db.write(() => add(db, 'c'));
          add(db, 'a');
        }),
      );
      db.write(() => add(db, 'd'));
    });
    assert.deepEqual(names(db), ['a', 'd']);
  });

  test('a transaction cannot wait, and a part needs one', async (context) => {
    using db = await Database.open(join(temporaryRoot(context), 'a.db'), { migrations: [table] });
    await assert.rejects(
      db.transact(async () => add(db, 'a')),
      /does not span an await/,
    );
    await assert.rejects(
      db.transact(() => db.write(async () => add(db, 'a'))),
      /does not span an await/,
    );
    let inner: Promise<unknown> = Promise.resolve();
    await db.transact(() => {
      inner = db.transact(() => add(db, 'a'));
      inner.catch(() => undefined);
    });
    await assert.rejects(inner, /does not begin inside another/);
    assert.throws(() => db.write(() => add(db, 'a')), /a write is a part of a transaction/);
    assert.deepEqual(names(db), []);
  });

  test('a read sees one state, and does not write', async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    using db = await Database.open(path, { migrations: [table] });
    using other = await Database.open(path, { migrations: [table] });
    let written: Promise<unknown> | undefined;
    db.read(() => {
      assert.deepEqual(names(db), []);
      // Runs at once, as no other transaction writes.
      written = other.transact(() => add(other, 'a'));
      assert.deepEqual(names(other), ['a']);
      assert.deepEqual(names(db), []);
      assert.throws(() => db.write(() => add(db, 'b')), /a write is a part of a transaction/);
    });
    await written;
    assert.deepEqual(names(db), ['a']);
  });

  test('transactions of one process come in the order in which they were asked for', async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    using db = await Database.open(path, { migrations: [table] });
    using other = await Database.open(path, { migrations: [table] });
    const order: number[] = [];
    other.statement('BEGIN IMMEDIATE').run();
    const waiting = Array.from({ length: 5 }, (_, i) =>
      db.transact(() => {
        order.push(i);
        add(db, `${i}`);
      }),
    );
    await sleep(30);
    assert.deepEqual(order, []);
    other.statement('COMMIT').run();
    await Promise.all(waiting);
    assert.deepEqual(order, [0, 1, 2, 3, 4]);
  });

  test('an abort ends the wait for others, and undoes nothing', async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    using db = await Database.open(path, { migrations: [table] });
    using other = await Database.open(path, { migrations: [table] });
    other.statement('BEGIN IMMEDIATE').run();
    const controller = new AbortController();
    const reason = new Error('stop');
    const waiting = db.transact(() => add(db, 'a'), { signal: controller.signal });
    await sleep(10);
    controller.abort(reason);
    await assert.rejects(waiting, reason);
    other.statement('ROLLBACK').run();
    const late = new AbortController();
    const written = db.transact(() => add(db, 'b'), { signal: late.signal });
    late.abort(reason);
    await written;
    assert.deepEqual(names(db), ['b']);
  });

  test('an abort ends the wait for a store that is being opened for writing', async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    using other = await Database.open(path, { migrations: [table] });
    using db = Database.openForReading(path, {
      migrations: [table],
      busyTimeoutMs: 3000,
      onWritable: async (transact) => await transact(() => add(db, 'opened')),
    });
    other.statement('BEGIN IMMEDIATE').run();
    const reason = new Error('stop');
    const controller = new AbortController();
    const waiting = db.transact(() => add(db, 'a'), { signal: controller.signal });
    await sleep(10);
    controller.abort(reason);
    await assert.rejects(waiting, reason);
    other.statement('ROLLBACK').run();
    await db.transact(() => add(db, 'b'));
    assert.deepEqual(names(db), ['b', 'opened']);
  });

  test('those that wait behind others obey their own signal, and wait for no longer than one alone', async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    using db = await Database.open(path, { migrations: [table], busyTimeoutMs: 1000 });
    using other = await Database.open(path, { migrations: [table] });
    other.statement('BEGIN IMMEDIATE').run();
    let isFirstOver = false;
    const first = assert.rejects(
      db.transact(() => add(db, 'first')).finally(() => (isFirstOver = true)),
      { code: 'ERR_STORE_BUSY' },
    );
    const controller = new AbortController();
    const reason = new Error('stop');
    const second = db.transact(() => add(db, 'second'), { signal: controller.signal });
    const others = Array.from({ length: 20 }, (_, at) => db.transact(() => add(db, `${at}`)));
    const refused = Promise.all(others.map((one) => assert.rejects(one, { code: 'ERR_STORE_BUSY' })));
    await sleep(10);
    controller.abort(reason);
    await assert.rejects(second, reason);
    assert.equal(isFirstOver, false);
    // One after the other, the calls would take as many seconds.
    await Promise.race([
      Promise.all([first, refused]),
      sleep(15_000, undefined, { ref: false }).then(() => assert.fail('each waits its own time')),
    ]);
    other.statement('ROLLBACK').run();
    await db.transact(() => add(db, 'last'));
    assert.deepEqual(names(db), ['last']);
  });

  test('a transaction without a change, and one that is volatile, flush nothing', { skip }, async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    const flushes = (mode: string): number => {
      const script = join(import.meta.dirname, 'database.fixture.ts');
      const trace = join(dirname(path), `${mode}.trace`);
      output(
        'strace',
        '-f',
        '-e',
        'trace=execve,fsync,fdatasync',
        '-o',
        trace,
        process.execPath,
        script,
        path,
        mode,
        'x',
        '5',
      );
      return readFileSync(trace, 'utf8')
        .split('\n')
        .filter((line) => /f(data)?sync\(/.test(line)).length;
    };
    (await Database.open(path, { migrations: [table] }))[Symbol.dispose]();
    assert.equal(flushes('nothing'), 0);
    assert.equal(flushes('volatile'), 0);
    assert.equal(flushes('add'), 5);
    // Each line begins with the number of its thread; the first line is of the main thread.
    const trace = readFileSync(join(dirname(path), 'add.trace'), 'utf8');
    const main = /^\d+(?= +execve)/.exec(trace)?.[0];
    assert.ok(main !== undefined, trace);
    assert.doesNotMatch(trace, new RegExp(`^${main} +f(?:data)?sync`, 'm'));
  });
});

describe('the format of the store', () => {
  test('the real migrations make a store, and a second opening changes nothing', async (context) => {
    const path = join(temporaryRoot(context), 'strata.db');
    {
      using db = await Database.open(path);
      assert.equal(pragma(db, 'user_version'), migrations.at(-1)?.version);
      assert.equal(pragma(db, 'integrity_check'), 'ok');
    }
    const before = readFileSync(path);
    (await Database.open(path))[Symbol.dispose]();
    assert.ok(readFileSync(path).equals(before));
  });

  test('versions go up one by one', () => {
    assert.deepEqual(
      migrations.map(({ version }) => version),
      migrations.map((_, i) => i + 1),
    );
  });

  test('an older store is brought up, with what is in it', async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    {
      using db = await Database.open(path, { migrations: [table] });
      await db.transact(() => add(db, 'kept'));
    }
    using db = await Database.open(path, { migrations: [table, another] });
    assert.deepEqual(names(db), ['kept']);
    assert.equal(db.statement<{ a: number }>('SELECT a FROM other').get()?.a, 7);
    assert.equal(pragma(db, 'user_version'), 2);
  });

  test('a migration that fails leaves the old format, whole', async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    (await Database.open(path, { migrations: [table] }))[Symbol.dispose]();
    await assert.rejects(() => Database.open(path, { migrations: [table, broken] }), /nowhere/);
    using db = await Database.open(path, { migrations: [table] });
    assert.equal(pragma(db, 'user_version'), 1);
    assert.throws(() => db.statement('SELECT * FROM half').get(), /no such table/);
  });

  test('a migration may run code over existing records, but not in a new store', async (context) => {
    const root = temporaryRoot(context);
    const shouting: Migration = {
      version: 2,
      sql: 'ALTER TABLE item ADD COLUMN length INTEGER',
      convert: (connection, store) => {
        assert.equal(store.root, root);
        for (const row of connection.statement('SELECT name FROM item').all()) {
          const name = String(row['name']);
          connection.statement('UPDATE item SET length = ? WHERE name = ?').run(name.length, name);
        }
        connection.exec("INSERT INTO item (name) VALUES ('converted')");
      },
    };
    const path = join(root, 'a.db');
    {
      using db = await Database.open(path, { migrations: [table] });
      await db.transact(() => add(db, 'four'));
    }
    using db = await Database.open(path, { migrations: [table, shouting] });
    assert.deepEqual(names(db), ['converted', 'four']);
    assert.equal(db.statement<{ length: number }>("SELECT length FROM item WHERE name = 'four'").get()?.length, 4);
    using fresh = await Database.open(join(root, 'b.db'), { migrations: [table, shouting] });
    assert.deepEqual(names(fresh), []);
  });

  test('a store that a newer program brings up is not written to any more', async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    const newer = { code: 'ERR_STORE_FORMAT_NEWER', kind: 'failed-precondition' };
    using db = await Database.open(path, { migrations: [table] });
    await db.transact(() => add(db, 'before'));
    const renamed: Migration = { version: 2, sql: 'ALTER TABLE item RENAME TO thing' };
    using upgraded = await Database.open(path, { migrations: [table, renamed] });
    await assert.rejects(
      db.transact(() => add(db, 'after')),
      newer,
    );
    assert.throws(() => names(db), newer, 'what is asked for may have another form');
    assert.equal(upgraded.statement<{ n: number }>('SELECT count(*) AS n FROM thing').get()?.n, 1);
  });

  test('a newer store is refused and not touched', async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    (await Database.open(path, { migrations: [table, another] }))[Symbol.dispose]();
    const before = readFileSync(path);
    await assert.rejects(() => Database.open(path, { migrations: [table] }), {
      code: 'ERR_STORE_FORMAT_NEWER',
      kind: 'failed-precondition',
      hint: 'Upgrade Strata, or use another store.',
    });
    assert.ok(readFileSync(path).equals(before));
  });

  test('another program’s database is refused and not touched', async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    const foreign = new DatabaseSync(path);
    foreign.exec('CREATE TABLE theirs (a)');
    foreign.close();
    const before = readFileSync(path);
    await assert.rejects(() => Database.open(path), { code: 'ERR_STORE_FOREIGN', kind: 'failed-precondition' });
    assert.ok(readFileSync(path).equals(before));
  });

  test('garbage is reported as damage', async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    writeFileSync(path, Buffer.alloc(8192, 'garbage '));
    await assert.rejects(() => Database.open(path), { code: 'ERR_STORE_CORRUPT', kind: 'corrupt' });
  });

  test('a folder that is not there is said to be so', async (context) => {
    const path = join(temporaryRoot(context), 'missing/a.db');
    await assert.rejects(() => Database.open(path), { code: 'ERR_STORE_NOT_WRITABLE', kind: 'permission-denied' });
  });
});

interface Competitor {
  readonly written: number;
  readonly longestMs: number;
}

describe('several processes', () => {
  const fixture = join(import.meta.dirname, 'database.fixture.ts');
  const start = (...args: readonly string[]) =>
    spawn(process.execPath, [fixture, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });

  test('six of them make one store at once and lose no write', async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    const children = Array.from({ length: 6 }, (_, i) => start(path, 'add', `p${i}`, '40'));
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'close'))[0] as number));
    assert.deepEqual(new Set(codes), new Set([0]));
    using db = await Database.open(path, { migrations: [table] });
    assert.equal(names(db).length, 6 * 40);
    assert.equal(pragma(db, 'integrity_check'), 'ok');
  });

  test('a transaction that another process holds up does not hold up the event loop', async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    using db = await Database.open(path, { migrations: [table] });
    const child = start(path, 'hold', 'x', '3000');
    context.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    await db.transact(() => add(db, 'mine'));
    clearInterval(timer);
    // 600 turns are due. A busy machine runs fewer, and a blocked loop none.
    assert.ok(turns > 30, `${turns} turns of the event loop`);
    assert.deepEqual(names(db), ['mine', 'x']);
  });

  test('the upgrade of an older store does not block the event loop', async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    (await Database.open(path, { migrations: [table] }))[Symbol.dispose]();
    const child = start(path, 'hold', 'x', '3000');
    context.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    using db = await Database.open(path, { migrations: [table, another] });
    clearInterval(timer);
    assert.ok(turns > 30, `${turns} turns of the event loop`);
    assert.deepEqual(names(db), ['x']);
  });

  test('no writer of eight is starved', { timeout: 180_000 }, async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    (await Database.open(path, { migrations: [table] }))[Symbol.dispose]();
    const lifeMs = isSoak ? 60_000 : 3000;
    const writers = Array.from({ length: 8 }, (_, i) => start(path, 'compete', `p${i}`, `${lifeMs}`));
    context.after(() => writers.map((writer) => writer.kill('SIGKILL')));
    await Promise.all(writers.map(({ stdout }) => once(stdout, 'data')));
    const told = writers.map(async ({ stdout }) => JSON.parse(String((await once(stdout, 'data'))[0])) as Competitor);
    for (const { stdin } of writers) stdin.end('go');
    const all = await Promise.all(told);
    const mean = all.reduce((total, { written }) => total + written, 0) / all.length;
    const shown = JSON.stringify(all);
    for (const { written, longestMs } of all) {
      assert.ok(written > mean / 8, shown);
      assert.ok(longestMs < 10_000, shown);
    }
  });

  test('a write fails while another process holds the store for too long, and works once it is killed', async (context) => {
    const path = join(temporaryRoot(context), 'a.db');
    const child = start(path, 'hold', 'x');
    context.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    using db = await Database.open(path, { migrations: [table], busyTimeoutMs: 50 });
    await assert.rejects(
      db.transact(() => add(db, 'mine')),
      { code: 'ERR_STORE_BUSY', kind: 'unavailable' },
    );
    assert.deepEqual(names(db), [], 'reading goes on');
    child.kill('SIGKILL');
    await once(child, 'close');
    await db.transact(() => add(db, 'mine'));
    assert.deepEqual(names(db), ['mine'], 'an unfinished transaction of a killed process never happened');
  });
});
