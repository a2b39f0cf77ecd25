// Another process at the same database. Arguments: path, mode, name, number. Modes: `add` so many rows, `volatile` the
// same without flushes, `nothing` as many transactions that change nothing, `hold` a transaction for so many
// milliseconds (without a number until it is killed), `compete` by writing for so many once something comes on standard
// input.
import { once } from 'node:events';
import { Database } from '../../../src/metadata/database.ts';

const [path = '', mode = '', name = '', number = '0'] = process.argv.slice(2);
const db = await Database.open(path, {
  migrations: [{ version: 1, sql: 'CREATE TABLE item (name TEXT PRIMARY KEY) STRICT' }],
});
const insert = (item: string): number => db.statement('INSERT INTO item VALUES (?)').run(item);
const many = async (body: (i: number) => unknown, skipFlush = false): Promise<void> => {
  for (let i = 0; i < Number(number); i++) await db.transact(() => body(i), { skipFlush });
};

if (mode === 'add') await many((i) => insert(`${name}-${i}`));
if (mode === 'volatile') await many((i) => insert(`volatile-${name}-${i}`), true);
if (mode === 'nothing') await many(() => db.statement('SELECT count(*) FROM item').get());
if (mode === 'hold') {
  db.statement('BEGIN IMMEDIATE').run();
  insert(name);
  process.stdout.write('held\n');
  if (number === '0') setInterval(() => db.path, 60_000);
  else {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(number));
    db.statement('COMMIT').run();
  }
}
if (mode === 'compete') {
  process.stdout.write('ready\n');
  await once(process.stdin, 'data');
  let longestMs = 0;
  let written = 0;
  for (const end = Date.now() + Number(number); Date.now() < end; ) {
    const begun = Date.now();
    await db.transact(() => insert(`${name}-${written++}`));
    longestMs = Math.max(longestMs, Date.now() - begun);
  }
  process.stdout.write(JSON.stringify({ written, longestMs }));
}
if (mode !== 'hold' || number !== '0') db[Symbol.dispose]();
