// What a program with many clients does all day, in one process.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { before, test } from 'node:test';
import type { Engine } from '../../../src/engine/index.ts';
import { containerStore } from '../../helpers/container-store.ts';
import { needs } from '../../helpers/needs.ts';
import { testFile } from '../../helpers/test-file.ts';
import { until } from '../../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

const file = testFile();
let engine: Engine;
before(async () => {
  if (skip === false) engine = await containerStore(file);
});

const threads = (): number => readdirSync('/proc/self/task').length;
const many = 200;
// A thread takes 12 MiB.
const mostBytesEach = 1 << 20;

/** What one client has heard: of its container's streams, of its log, of its end. */
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

test('200 who attach, follow the log and wait: no thread each, little memory, and all hear everything', {
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

test('200 who are idle cost next to no CPU', { skip }, async (t) => {
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
