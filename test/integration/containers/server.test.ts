// Work of a program with many clients, in one process.
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../../src/engine/index.ts';
import { needs } from '../../helpers/needs.ts';
import { testFile } from '../../helpers/test-file.ts';
import { testStore } from '../../helpers/test-store.ts';
import { until } from '../../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

const file = testFile();
let engine: Engine;
before(async () => {
  if (skip === false) engine = await testStore(file, { busybox: 'busybox' });
});

const threads = (): number => readdirSync('/proc/self/task').length;
const many = 200;
// A thread takes 12 MiB.
const mostBytesEach = 1 << 20;
const lockMs = 3000;
// Ten times the stall on a busy machine; a process that waits for the lock in its main thread stalls all of `lockMs`.
const mostStallMs = 1000;

/** Data that one client has received: its container's output, its log, its end. */
interface Client {
  output: string;
  log: string;
  exitCode: number | undefined;
}

async function clientOf(id: string, signal: AbortSignal): Promise<Client> {
  const client: Client = { output: '', log: '', exitCode: undefined };
  const attached = await engine.containers.attach(id, { signal });
  void (async () => {
    for await (const { chunk } of attached.streams) client.output += Buffer.from(chunk).toString();
  })();
  void (async () => {
    for await (const { bytes } of engine.containers.logs(id, { follow: true, signal })) client.log += bytes.toString();
  })().catch((error: unknown) => assert.equal(error, signal.reason));
  engine.containers.wait(id, { signal }).then(
    (exitCode) => (client.exitCode = exitCode),
    () => undefined,
  );
  return client;
}

test('200 clients that attach, follow the log and wait take no thread each and little memory, and all receive everything', {
  skip,
}, async (t) => {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const { containers } = engine;
  const ids: string[] = [];
  for (let at = 0; at < 2; at++) {
    const command = ['sh', '-c', 'read line; echo "$line"; exit 3'];
    const { id } = await containers.create({ image: 'busybox', command, interactive: true });
    await containers.start(id);
    ids.push(id);
  }
  const clients: Client[] = [];
  const add = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at++) clients.push(await clientOf(ids[at % 2] ?? '', stop.signal));
  };
  // The pools of this process have their threads by then.
  await add(20);
  const [threadsBefore, memoryBefore] = [threads(), process.memoryUsage.rss()];
  await add(many - clients.length);
  assert.equal(threads(), threadsBefore);
  const bytesEach = (process.memoryUsage.rss() - memoryBefore) / (many - 20);
  assert.ok(bytesEach < mostBytesEach, `${Math.round(bytesEach / 1024)} KiB for each`);
  for (const id of ids) {
    await using writer = await containers.attach(id);
    await writer.streams.write(Buffer.from('to all\n'));
  }
  await until(
    () => clients.every(({ exitCode, output, log }) => exitCode !== undefined && output !== '' && log !== ''),
    () => JSON.stringify(clients.filter(({ log, output }) => log === '' || output === '').slice(0, 5)),
  );
  for (const client of clients) assert.deepEqual(client, { output: 'to all\n', log: 'to all\n', exitCode: 3 });
});

test('200 idle clients take next to no CPU', { skip }, async (t) => {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const { containers } = engine;
  const { id } = await containers.create({ image: 'busybox', command: ['sleep', '1000'] });
  await containers.start(id);
  await Promise.all(Array.from({ length: many }, () => clientOf(id, stop.signal)));
  const before = process.cpuUsage();
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const { user, system } = process.cpuUsage(before);
  const share = (user + system) / 1000 / (performance.now() - began);
  // Polling took 40 % and more for the logs alone.
  assert.ok(share < 0.1, `${(share * 100).toFixed(1)} % of a core`);
});

/** Starts a process that holds up all writes to the store until its standard input ends. */
async function holdLock(context: TestContext): Promise<ChildProcessWithoutNullStreams> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'hold-lock.fixture.ts'), engine.layout.database]);
  context.after(() => child.kill('SIGKILL'));
  child.stderr.pipe(process.stderr);
  await once(child.stdout, 'data');
  return child;
}

test('200 clients are served while another process holds up all writes, without a stall, a thread or memory for each', {
  skip,
}, async (t) => {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const { containers, images } = engine;
  const command = ['sh', '-c', 'while read line; do echo "$line"; done'];
  const { id } = await containers.create({ image: 'busybox', command, interactive: true });
  await containers.start(id);
  const { id: other } = await containers.create({ image: 'busybox', command });
  await images.tag('busybox', 'before');
  const clients: Client[] = [];
  for (let at = 0; at < many; at++) clients.push(await clientOf(id, stop.signal));
  await using writer = await containers.attach(id);
  const lock = await holdLock(t);
  const events: string[] = [];
  void (async () => {
    for await (const { type, action } of engine.events({ signal: stop.signal })) events.push(`${type} ${action}`);
  })().catch((error: unknown) => assert.equal(error, stop.signal.reason));
  const [threadsBefore, memoryBefore] = [threads(), process.memoryUsage.rss()];
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  let settled = 0;
  const writes = [
    images.tag('busybox', 'meanwhile'),
    containers.create({ image: 'busybox', name: 'meanwhile', command }),
    containers.rename(other, 'renamed'),
    images.remove('before'),
  ].map((write) => write.finally(() => settled++));
  const held = sleep(lockMs);
  await writer.streams.write(Buffer.from('to all\n'));
  await until(
    () => clients.every(({ output, log }) => output !== '' && log !== ''),
    () => JSON.stringify(clients.filter(({ log, output }) => log === '' || output === '').slice(0, 5)),
  );
  await held;
  delay.disable();
  const [threadsMore, bytesMore] = [threads() - threadsBefore, process.memoryUsage.rss() - memoryBefore];
  assert.ok(delay.max / 1e6 < mostStallMs, `timers waited for ${Math.round(delay.max / 1e6)} ms`);
  assert.equal(settled, 0, 'the lock held up all writes');
  assert.ok(threadsMore <= writes.length, `${threadsMore} threads more`);
  assert.ok(bytesMore < many * mostBytesEach, `${bytesMore} bytes more`);
  lock.stdin.end();
  await Promise.all(writes);
  const actions = ['container create', 'container rename', 'image tag', 'image untag'];
  await until(
    () => actions.every((event) => events.includes(event)),
    () => events.join(', '),
  );
  const names = (await containers.list({ all: true })).map(({ name }) => name);
  assert.ok(names.includes('meanwhile') && names.includes('renamed'), names.join(' '));
});
