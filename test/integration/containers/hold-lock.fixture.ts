// Holds a write transaction on the database at a path, until its standard input ends or half a minute is over: a test
// whose process is blocked by it cannot end it.
import { DatabaseSync } from 'node:sqlite';

const database = new DatabaseSync(process.argv[2] ?? '');
database.exec('BEGIN IMMEDIATE');
process.stdout.write('held\n');
const release = (): never => {
  database.exec('COMMIT');
  process.exit();
};
process.stdin.resume().on('end', release);
setTimeout(release, 30_000);
