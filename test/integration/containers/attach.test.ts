import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AttachedContainer, CreateRequest, Engine } from '../../../src/engine/index.ts';
import { bundlesOf } from '../../../src/store/layout.ts';
import { assertNothingLeft, leftoversOf } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { testFile } from '../../helpers/test-file.ts';
import { testStore } from '../../helpers/test-store.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

const file = testFile();
let engine: Engine;
before(async () => {
  if (skip === false) engine = await testStore(file, { busybox: 'busybox' });
});

/** Creates a container with a script and starts it attached. */
async function startWith(
  t: TestContext,
  script: string,
  request: Partial<CreateRequest> = {},
): Promise<AttachedContainer> {
  const { containers } = engine;
  const { id } = await containers.create({ image: 'busybox', command: ['sh', '-c', script], ...request });
  const attached = await containers.startAttached(id);
  t.after(() => attached[Symbol.asyncDispose]());
  return attached;
}

async function outputOf({ streams }: AttachedContainer): Promise<{ stdout: Buffer; stderr: Buffer }> {
  const parts = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  for await (const { stream, chunk } of streams) parts[stream].push(chunk);
  return { stdout: Buffer.concat(parts.stdout), stderr: Buffer.concat(parts.stderr) };
}

test('all output arrives from the first byte to the last, each stream by itself, and the exit code', {
  skip,
}, async (t) => {
  const script = 'echo first; yes out | head -c 1000000; yes err | head -c 1000000 >&2; echo last; exit 7';
  const attached = await startWith(t, script);
  const { stdout, stderr } = await outputOf(attached);
  assert.equal(await attached.exitCode, 7);
  assert.equal(stdout.toString(), `first\n${'out\n'.repeat(250_000)}last\n`);
  assert.equal(stderr.toString(), 'err\n'.repeat(250_000));
});

test("cat returns 3 MB, and the container's input ends with the client's", { skip }, async (t) => {
  const attached = await startWith(t, 'cat; echo over >&2', { interactive: true, attach: ['stdin'] });
  const bytes = randomBytes(3 << 20);
  const output = outputOf(attached);
  // The end waits for all writes before it, awaited or not.
  const written = attached.streams.write(bytes);
  attached.streams.end();
  assert.equal(await written, true);
  const { stdout, stderr } = await output;
  assert.ok(stdout.equals(bytes));
  assert.equal(stderr.toString(), 'over\n');
  assert.equal(await attached.exitCode, 0);
  assert.equal(await attached.streams.write(bytes), false, 'no process reads it any more');
});

test('a container that closes or never reads its standard input blocks no client', { skip }, async (t) => {
  for (const script of ['exec 0<&-; sleep 0.3; echo done', 'sleep 0.3; echo done', 'head -c 5; echo done']) {
    const attached = await startWith(t, script, { interactive: true, attach: ['stdin'] });
    const output = outputOf(attached);
    await attached.streams.write(Buffer.alloc(3 << 20, 'input'));
    assert.match((await output).stdout.toString(), /done\n$/, script);
    assert.equal(await attached.exitCode, 0, script);
  }
});

test('a slow reader makes its container wait, memory does not grow, and its end is not held up', {
  skip,
}, async (t) => {
  const { containers } = engine;
  const attached = await startWith(t, 'yes 0123456789abcde | head -c 500000000; echo over >&2; sleep 1000');
  const before = process.memoryUsage.rss();
  await sleep(1000);
  assert.ok(process.memoryUsage.rss() - before < 200e6, 'what is not read waits in the container');
  const iterator = attached.streams[Symbol.asyncIterator]();
  let size = 0;
  while (size < 10_000_000) {
    const { value } = await iterator.next();
    size += value?.chunk.length ?? 0;
  }
  await containers.stop(attached.id, { timeoutSeconds: 0 });
  assert.equal(await attached.exitCode, 137, 'it ends without a reader');
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
    size += next.value.chunk.length;
  assert.ok(size > 10_000_000 && size < 15_000_000, `${size} bytes`);
});

test('several clients see the same output, however one of them leaves', { skip }, async (t) => {
  const { containers } = engine;
  const first = await startWith(t, 'while read -r line; do echo "got $line"; done', { interactive: true });
  const second = await containers.attach(first.id);
  t.after(() => second[Symbol.asyncDispose]());
  const third = await containers.attach(first.id);
  await third[Symbol.asyncDispose]();
  await third[Symbol.asyncDispose]();
  await assert.rejects(third.exitCode, { name: 'AbortError' });
  assert.equal(await third.streams.write(Buffer.from('x\n')), false);

  await second.streams.write(Buffer.from('one\n'));
  const seen = await Promise.all(
    [first, second].map(async ({ streams }) => {
      const { value } = await streams[Symbol.asyncIterator]().next();
      return Buffer.from(value?.chunk ?? []).toString();
    }),
  );
  assert.deepEqual(seen, ['got one\n', 'got one\n']);
  first.streams.end();
  await first[Symbol.asyncDispose]();
  await second.streams.write(Buffer.from('two\n'));
  const { value } = await second.streams[Symbol.asyncIterator]().next();
  assert.equal(Buffer.from(value?.chunk ?? []).toString(), 'got two\n', 'its input is still open');

  const controller = new AbortController();
  const aborted = await containers.attach(first.id, { signal: controller.signal });
  controller.abort();
  assert.deepEqual((await outputOf(aborted)).stdout.length, 0);
  await assert.rejects(aborted.exitCode, { name: 'AbortError' });
  await containers.remove(first.id, { force: true });
  assert.deepEqual(await second.exitCode, 137);
  assert.deepEqual((await leftoversOf(engine, [first.id])).groups, []);
});

test('a terminal has the requested size before its process looks, and later', { skip }, async (t) => {
  const { id } = await engine.containers.create({
    image: 'busybox',
    command: [
      'sh',
      '-c',
      'stty size; read -r line; until stty size | grep "50 132"; do sleep 0.01; done; test -t 0 && echo terminal',
    ],
    interactive: true,
    terminal: true,
    attach: ['stdin'],
  });
  const attached = await engine.containers.startAttached(id, { terminalSize: { rows: 17, columns: 61 } });
  t.after(() => attached[Symbol.asyncDispose]());
  let seen = '';
  for await (const { chunk } of attached.streams) {
    seen += Buffer.from(chunk).toString();
    if (seen !== '17 61\r\n') continue;
    // Size and input go different ways: the size may come later.
    // Of several sizes at once the last one counts.
    for (const rows of [20, 30, 40]) attached.streams.resize({ rows, columns: 80 });
    attached.streams.resize({ rows: 50, columns: 132 }, { redraws: true });
    await attached.streams.write(Buffer.from('\n'));
  }
  assert.equal(seen, '17 61\r\n\r\n50 132\r\nterminal\r\n');
  assert.equal(await attached.exitCode, 0);
  attached.streams.resize({ rows: 1, columns: 1 });
});

test('the size for a process that has not started yet is awaited until the supervisor has it', {
  skip,
}, async (t) => {
  const attached = await startWith(t, 'sleep 1000', { terminal: true, interactive: true });
  const supervisor = Number(readFileSync(join(bundlesOf(engine.layout), attached.id, 'conmon.pid'), 'utf8'));
  process.kill(supervisor, 'SIGSTOP');
  let isOver = false;
  const sized = attached.streams.presize({ rows: 9, columns: 33 }, {}).finally(() => (isOver = true));
  await sleep(100);
  assert.equal(isOver, false);
  process.kill(supervisor, 'SIGCONT');
  await sized;
  await engine.containers.remove(attached.id, { force: true });
});

test('the last of several sizes in quick succession holds', { skip }, async (t) => {
  const script =
    'while read -r size; do until test "$(stty size)" = "$size"; do sleep 0.01; done; echo "has $size"; done';
  const { id } = await engine.containers.create({
    image: 'busybox',
    command: ['sh', '-c', script],
    interactive: true,
    terminal: true,
  });
  const attached = await engine.containers.startAttached(id, { terminalSize: { rows: 17, columns: 61 } });
  t.after(() => attached[Symbol.asyncDispose]());
  const output = attached.streams[Symbol.asyncIterator]();
  for (let round = 1, seen = ''; round <= 60; round++) {
    const size = { rows: 100 + round, columns: 200 };
    for (const columns of [80, 90, 100]) attached.streams.resize({ rows: round, columns });
    await sleep(round % 6);
    attached.streams.resize(size, { redraws: round % 2 === 0 });
    await attached.streams.write(Buffer.from(`${size.rows} ${size.columns}\n`));
    while (!seen.includes(`has ${size.rows} ${size.columns}\r\n`)) {
      const { value } = await output.next();
      assert.ok(value !== undefined, seen);
      seen += Buffer.from(value.chunk).toString();
    }
  }
  await engine.containers.remove(id, { force: true });
});

test('attach to an unfit container is refused in docker’s words', { skip }, async () => {
  const { containers } = engine;
  const code = 'ERR_CONTAINER_ATTACH_REFUSED';
  await assert.rejects(containers.attach('nope'), { code: 'ERR_CONTAINER_NOT_FOUND' });
  const { id } = await containers.create({ image: 'busybox', command: ['true'] });
  await assert.rejects(containers.attach(id), {
    code,
    message: 'You cannot attach to a stopped container, start it first',
  });
  const { id: wrong } = await containers.create({ image: 'busybox', command: ['/nope'] });
  await assert.rejects(containers.startAttached(wrong), { code: 'ERR_CONTAINER_START' });
});

test('a container that is removed at its end still gives its exit code', { skip }, async (t) => {
  const attached = await startWith(t, 'exit 9', { remove: true });
  assert.equal((await outputOf(attached)).stdout.length, 0);
  assert.equal(await attached.exitCode, 9);
  for (const { id } of await engine.containers.list({ all: true })) await engine.containers.remove(id, { force: true });
  await assertNothingLeft(engine, [attached.id]);
});
