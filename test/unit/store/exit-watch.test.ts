import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ExitWatch } from '../../../src/store/exit-watch.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';

const watchModule = join(import.meta.dirname, '../../../src/store/exit-watch.ts');

const program = `
import { openSync } from 'node:fs';
import { ExitWatch } from ${JSON.stringify(watchModule)};
try {
  for (;;) openSync('/dev/null');
} catch {}
let looks = 0;
const isOver = async () => ++looks === 3;
await new ExitWatch(process.argv[1]).waitUntilOver('one', { isOver, glance: () => undefined });
process.exit(looks);
`;

test('the end of a container is seen also where nothing more can be watched', (context) => {
  const node = [process.execPath, '--input-type=module', '--eval', program, temporaryFolder(context)];
  const { status, stderr } = spawnSync('sh', ['-c', 'ulimit -n 64; exec "$@"', 'sh', ...node], { encoding: 'utf8' });
  assert.equal(status, 3, stderr);
});

test('an exit file wakes all waiters of its container, and no others', async (context) => {
  const folder = temporaryFolder(context);
  const watch = new ExitWatch(folder);
  const stop = new AbortController();
  context.after(() => stop.abort());
  const looks = { one: 0, two: 0 };
  let hasEnded = false;
  const wait = (id: 'one' | 'two'): Promise<void> =>
    watch.waitUntilOver(id, {
      isOver: async () => {
        looks[id]++;
        return id === 'one' && hasEnded;
      },
      // The clock never sees a change.
      glance: () => 'the same',
      signal: stop.signal,
    });
  const ones = Array.from({ length: 200 }, () => wait('one'));
  const two = wait('two');
  assert.deepEqual(looks, { one: 200, two: 1 });
  hasEnded = true;
  writeFileSync(join(folder, 'one'), '0');
  await Promise.all(ones);
  assert.equal(looks.two, 1);
  stop.abort(new Error('enough'));
  await assert.rejects(two, /enough/);
});

test('a changed glance is checked once, not once for each waiter', async (context) => {
  const watch = new ExitWatch(temporaryFolder(context));
  let glances = 0;
  let isGone = false;
  const isOver = async (): Promise<boolean> => isGone;
  const glance = (): string => {
    // The second glance differs.
    isGone = ++glances === 2;
    return isGone ? 'gone' : 'there';
  };
  await Promise.all(Array.from({ length: 50 }, () => watch.waitUntilOver('one', { isOver, glance })));
  assert.equal(glances, 2);
});

test('a failed glance rejects the waiters and does not end the program', async (context) => {
  const watch = new ExitWatch(temporaryFolder(context));
  const fault = new Error('the disk reported a fault');
  let glances = 0;
  const glance = (): string => {
    if (glances++ > 0) throw fault;
    return 'there';
  };
  const isOver = async (): Promise<boolean> => {
    if (glances > 1) throw fault;
    return false;
  };
  await assert.rejects(watch.waitUntilOver('one', { isOver, glance }), fault);
});
