// Another process at the same database. Arguments: path, then `add` prefix count, or `hold` name (keeps a transaction
// open until it is killed).
import { Database } from '../../../src/metadata/database.ts';

const [path = '', mode = '', name = '', count = '0'] = process.argv.slice(2);
const db = Database.open(path, {
  migrations: [{ version: 1, sql: 'CREATE TABLE item (name TEXT PRIMARY KEY) STRICT' }],
});
const insert = (item: string): number => db.statement('INSERT INTO item VALUES (?)').run(item);
if (mode === 'add') {
  for (let i = 0; i < Number(count); i++) db.write(() => insert(`${name}-${i}`));
  db[Symbol.dispose]();
} else {
  db.statement('BEGIN IMMEDIATE').run();
  insert(name);
  process.stdout.write('held\n');
  setInterval(() => db.path, 60_000);
}
