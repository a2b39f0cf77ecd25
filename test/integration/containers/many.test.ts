// Many at once: containers, by one process and by several, and processes that join one container.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../../helpers/needs.ts';
import { openFiles } from '../../helpers/open-files.ts';
import { isSoak } from '../../helpers/random.ts';
import { testStore } from '../../helpers/test-store.ts';
import { until } from '../../helpers/until.ts';
import { untilSame } from '../../helpers/until-same.ts';
import { leftOf, nothingOf } from './container-state.ts';
import { runLives } from './run-lives.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

test('containers live from creation to removal, ten at a time, and leave nothing', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  await runLives(engine, 1, 1);
  const before = openFiles();
  const began = performance.now();
  const count = isSoak ? 200 : 10;
  const ids = await runLives(engine, count, 10);
  t.diagnostic(`${count} in ${Math.round(performance.now() - began)} ms`);
  await until(
    () => openFiles() <= before,
    () => 'something is held open',
  );
  assert.equal(new Set(ids).size, count);
  await untilSame(() => leftOf(engine, ids), nothingOf);
});

test('containers of several processes at once leave nothing', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { root } = engine.layout;
  const [processes, count] = isSoak ? [5, 40] : [2, 3];
  const fixture = join(import.meta.dirname, 'many.fixture.ts');
  const codes = Array.from({ length: processes }, async () => {
    const child = spawn(process.execPath, [fixture, root, String(count), '2'], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    return (await once(child, 'close')) as [number | null];
  });
  assert.deepEqual(
    await Promise.all(codes),
    Array.from({ length: processes }, () => [0, null]),
  );
  await untilSame(() => leftOf(engine, []), nothingOf);
});

test('processes that join one container all at once have their own streams and codes', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const { id } = await containers.create({ image: 'busybox', command: ['sleep', '1000'] });
  await containers.start(id);
  const join = async (number: number): Promise<[string, number]> => {
    const command = ['sh', '-c', `read line; echo ${number} $line; exit ${number}`];
    await using attached = await containers.exec(id, { command, interactive: true });
    const { streams } = attached;
    let text = '';
    const reads = (async () => {
      for await (const { chunk } of streams) text += Buffer.from(chunk).toString('latin1');
    })();
    await streams.write(Buffer.from(`given ${number}\n`));
    await reads;
    return [text, await attached.exitCode];
  };
  const count = isSoak ? 50 : 12;
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  assert.deepEqual(
    await Promise.all(numbers.map(join)),
    numbers.map((number) => [`${number} given ${number}\n`, number]),
  );
  await containers.remove(id, { force: true });
  await untilSame(() => leftOf(engine, [id]), nothingOf);
});
