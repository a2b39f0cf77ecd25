// Programs that have a store open while a newer version upgrades it stop at their next write; their containers go on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { Database } from '../../../src/metadata/database.ts';
import { migrations } from '../../../src/metadata/migrations/migrations.ts';
import { busyboxStore } from '../../helpers/busybox-store.ts';
import { needs } from '../../helpers/needs.ts';
import { startCommand } from '../../helpers/start-command.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { containerPids } from '../../helpers/store-root.ts';
import { Terminal, waitForExit } from '../../helpers/terminal.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox', 'setsid');
const newer = { code: 'ERR_STORE_FORMAT_NEWER', kind: 'failed-precondition' };
const refusal = /has format \d+, and this version of Strata knows formats up to \d+/;

test('an upgrade of the store under run -it, logs -f and a library program stops their writes, not their containers', {
  skip,
}, async (context) => {
  const strata = await busyboxStore(context);
  const terminal = new Terminal(context);
  const run = terminal.start(strata, 'run', '-it', '--name', 'shell', 'busybox');
  await terminal.shows('/ # ');
  assert.equal((await strata('run', '-d', '--name', 'writer', 'busybox', 'sh', '-c', 'echo one; sleep 1000')).code, 0);
  const logs = startCommand(context, strata, 'logs', '-f', 'writer');
  await logs.says('one');
  await using engine = await Engine.open({ root: strata.root });
  await engine.images.tag('busybox', 'before');
  const pids = containerPids(strata.root);
  assert.equal(pids.length, 2);

  // The same program with one more migration.
  const added = { version: migrations.length + 1, sql: 'CREATE TABLE of_a_later_version (a INTEGER) STRICT' };
  const { database } = placesOf(strata);
  using upgraded = await Database.open(database, { migrations: [...migrations, added] });

  await assert.rejects(engine.images.tag('busybox', 'after'), newer);
  await assert.rejects(engine.containers.run({ image: 'busybox', command: ['true'], remove: true }).result, newer);
  const list = await strata('ps');
  assert.match(list.stderr, refusal);
  assert.notEqual(list.code, 0);
  assert.deepEqual(containerPids(strata.root), pids, 'containers go on');
  terminal.type('echo still he""re\r');
  await terminal.shows('still here');

  terminal.type('exit 3\r');
  await terminal.shows('has format');
  assert.notEqual(await waitForExit(run), 0);
  const [writer] = containerPids(strata.root);
  assert.ok(writer !== undefined);
  process.kill(writer, 'SIGKILL');
  // `logs -f` only reads, and ends as always.
  assert.equal((await logs.ended).code, 0);
  const rows = upgraded.statement<{ reference: string }>('SELECT reference FROM tag ORDER BY reference').all();
  assert.deepEqual(
    rows.map(({ reference }) => reference),
    ['docker.io/library/before:latest', 'docker.io/library/busybox:latest'],
  );
});
