import assert from 'node:assert/strict';
import { appendFileSync, existsSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { LogsOptions } from '../../../src/engine/containers/verbs/logs.ts';
import type { Engine } from '../../../src/engine/index.ts';
import { needs } from '../../helpers/needs.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { testStore } from '../../helpers/test-store.ts';
import { until } from '../../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

async function logOf({ containers }: Engine, name: string, options: LogsOptions = {}): Promise<string> {
  let text = '';
  for await (const { stream, bytes } of containers.logs(name, options))
    text += `${stream[3]}${bytes.toString('latin1')}`;
  return text;
}

test('a log is read from the requested position, followed to the end, and survives damage', {
  skip,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const script = 'echo one; echo two >&2; printf thr; sleep 1; echo ee; while read line; do echo got; done; echo end';
  const { id } = await containers.create({ image: 'busybox', name: 'cc', command: ['sh', '-c', script] });
  assert.equal(await logOf(engine, 'cc', { follow: true }), '', 'one that never ran has nothing to wait for');
  const before = new Date(Date.now() - 1000).toISOString();
  await containers.start('cc');
  // The streams are two pipes: their chunks may come in another order.
  const written = { stdout: '', stderr: '' };
  let followed = '';
  for await (const { stream, bytes } of containers.logs('cc', { follow: true })) {
    written[stream] += bytes.toString('latin1');
    followed += `${stream[3]}${bytes.toString('latin1')}`;
  }
  assert.deepEqual(written, { stdout: 'one\nthree\nend\n', stderr: 'two\n' });
  const lines = followed.split(/(?<=\n)/);
  const whole = await logOf(engine, 'cc');
  assert.equal(whole, followed, 'nothing was left out');
  assert.equal(await logOf(engine, 'cc', { tail: 1 }), lines.at(-1));
  assert.equal(await logOf(engine, 'cc', { tail: 0 }), '');
  assert.equal(await logOf(engine, 'cc', { tail: 1000 }), whole);
  assert.equal(await logOf(engine, 'cc', { since: before }), whole);
  assert.equal(await logOf(engine, 'cc', { until: before }), '');
  assert.equal(await logOf(engine, 'cc', { since: '2100-01-01' }), '');
  await assert.rejects(logOf(engine, 'cc', { since: 'then' }), { code: 'ERR_TIME_INVALID' });

  const path = placesOf(engine).log(id);
  appendFileSync(path, '2026-01-01T00:00:00.0+00:00 stdout F to');
  assert.equal(await logOf(engine, 'cc'), whole, 'a torn line is left out');
  appendFileSync(path, 'rn\n\0\0\0\nno log\n2026-01-01T00:00:00.0+00:00 stdin F x\n');
  assert.equal(await logOf(engine, 'cc'), `${whole}otorn\n`, 'and lines that are none');
  const time = '2026-01-01T00:00:00.0+00:00';
  const pieces = ['stdout P thr', 'stdout F ee', 'stderr F x', 'stdout P end'].map((piece) => `${time} ${piece}\n`);
  writeFileSync(path, `${pieces.join('')}${time} stdout F to`);
  assert.deepEqual(
    await Promise.all([0, 1, 2, 3, 4].map((tail) => logOf(engine, 'cc', { tail }))),
    ['', 'oend', 'ex\noend', 'othroee\nex\noend', 'othroee\nex\noend'],
    'the last lines, in whatever pieces they were written',
  );
  truncateSync(path, 0);
  assert.equal(await logOf(engine, 'cc'), '');
  rmSync(path);
  assert.equal(await logOf(engine, 'cc', { follow: true }), '');
  writeFileSync(path, '');
});

test('a log that is rotated again and again is followed without a gap', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const { id } = await containers.create({
    image: 'busybox',
    command: ['sh', '-c', 'while read line; do echo "$line"; done'],
    interactive: true,
    attach: ['stdin'],
    host: { LogConfig: { Type: 'local', Config: { 'max-size': '1k' } } },
  });
  await using attached = await containers.startAttached(id);
  const followed = containers.logs(id, { follow: true });
  const path = placesOf(engine).log(id);
  const files = new Set<number>();
  for (let at = 0; at < 100; at++) {
    const line = `${at} ${'x'.repeat(40)}\n`;
    await attached.streams.write(Buffer.from(line));
    const { value } = await followed.next();
    assert.equal(value?.bytes.toString('latin1'), line);
    const { size, ino } = statSync(path);
    assert.ok(size <= 1000, 'no larger than it was allowed to become');
    files.add(ino);
  }
  assert.ok(files.size > 1, 'it was begun anew');
  attached.streams.end();
  assert.equal((await followed.next()).done, true);
  assert.match(await logOf(engine, id, { tail: 1 }), /^o99 x+\n$/);
});

test('--log-driver none keeps nothing, reading is refused, and an attached client sees the output', {
  skip,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const host = { LogConfig: { Type: 'none', Config: {} } };
  const { id } = await containers.create({ image: 'busybox', command: ['sh', '-c', 'echo said'], host });
  await using attached = await containers.startAttached(id);
  let text = '';
  for await (const { chunk } of attached.streams) text += Buffer.from(chunk).toString();
  assert.deepEqual([text, await attached.exitCode], ['said\n', 0]);
  assert.equal(existsSync(placesOf(engine).log(id)), false);
  await assert.rejects(logOf(engine, id), { code: 'ERR_LOG_NOT_KEPT' });
  await assert.rejects(logOf(engine, id, { follow: true }), { code: 'ERR_LOG_NOT_KEPT' });
  assert.equal((await containers.inspect(id))['LogPath'], '');
});

test('a container that writes without end does not fill the disk', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const { id } = await containers.create({
    image: 'busybox',
    name: 'flood',
    command: ['sh', '-c', 'dd if=/dev/zero bs=1M count=200 2>/dev/null; echo; echo last'],
  });
  await containers.start('flood');
  await containers.wait('flood');
  assert.ok(statSync(placesOf(engine).log(id)).size <= 129 << 20);
  assert.equal(await logOf(engine, 'flood', { tail: 1 }), 'olast\n');
});

test('the log of a container that writes as fast as it can is read up to its present end, and no further', {
  skip,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const { id } = await containers.create({ image: 'busybox', name: 'fast', command: ['yes'] });
  const before = new Date(Date.now() - 1000).toISOString();
  await containers.start(id);
  const path = placesOf(engine).log(id);
  await until(
    () => existsSync(path) && statSync(path).size > 1 << 20,
    () => 'nothing was written',
  );
  assert.equal(await logOf(engine, 'fast', { tail: 2 }), 'oy\noy\n');
  let bytes = 0;
  for await (const entry of containers.logs('fast', { since: before })) bytes += entry.bytes.length;
  assert.ok(bytes > 0);
  await containers.remove(id, { force: true });
});
