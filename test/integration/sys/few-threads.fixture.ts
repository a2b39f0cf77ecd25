// A program that may start no further thread. Arguments: a control group that counts processes, a folder.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileHelper } from '../../../src/builder/work/file-helper.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { layerWorkers } from '../../../src/layer/work/worker-pool.ts';
import { Database } from '../../../src/metadata/database.ts';
import { runInThread } from '../../../src/sys/worker/job-thread.ts';

const [group = '', folder = ''] = process.argv.slice(2);
writeFileSync(join(group, 'cgroup.procs'), '0');
const limit = (most: string): void => writeFileSync(join(group, 'pids.max'), most);
const outcome = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => 'done',
    (error: unknown) => (isStrataError(error) ? error.code : String(error)),
  );

const migrations = [{ version: 1, sql: 'CREATE TABLE item (name INTEGER) STRICT' }];
const db = await Database.open(join(folder, 'a.db'), { migrations });
const write = async (): Promise<unknown> =>
  await outcome(db.transact(() => db.statement('INSERT INTO item VALUES (1)').run()));
// The threads that flush exist from now on.
await Promise.all(Array.from({ length: 8 }, write));
limit(String(readdirSync('/proc/self/task').length));
const written = new Set<unknown>();
for (let at = 0; at < 600; at++) written.add(await write());
const unpack = (): Promise<unknown> => outcome(layerWorkers.run({ kind: 'none' } as never, { progress: () => 0 }));
const report = {
  written: [...written],
  thread: await outcome(runInThread(new URL(import.meta.url), {})),
  offered: fileHelper.offer([]) === undefined,
  layers: await Promise.all(Array.from({ length: 20 }, unpack)),
  again: '' as unknown,
};
limit('max');
report.again = await unpack();
db[Symbol.dispose]();
process.stdout.write(JSON.stringify(report));
process.exit();
