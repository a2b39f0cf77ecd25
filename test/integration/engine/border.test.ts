// The facade across a thread border: an engine in a worker, its server killed at any moment.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from '../../../src/engine/index.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { asTar, dockerArchive, image } from '../../helpers/image-archives.ts';
import { needs } from '../../helpers/needs.ts';
import { createRandom, isSoak, runSeed } from '../../helpers/random.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { file, tar } from '../../helpers/tar-builder.ts';
import type { Hooks } from '../../helpers/test-file.ts';
import { testStore } from '../../helpers/test-store.ts';

const skip = needs('root', 'overlay');
const layers = [1, 2, 3].map((at) => tar(file(`f${at}`, randomBytes(8 << 20))));
const archive = asTar(dockerArchive([{ image: image(layers), tags: ['made:1'] }]));

class Border {
  readonly #server: ChildProcess;
  readonly #socket: string;

  private constructor(server: ChildProcess, socket: string) {
    this.#server = server;
    this.#socket = socket;
  }

  static async start(context: Hooks, root: string): Promise<Border> {
    const socket = join(temporaryFolder(context), 'socket');
    const program = join(import.meta.dirname, 'border-server.fixture.ts');
    const server = spawn(process.execPath, [program, socket, root], { stdio: ['ignore', 'pipe', 'inherit'] });
    context.after(() => void server.kill('SIGKILL'));
    await once(server.stdout ?? server, 'data');
    return new Border(server, socket);
  }

  ask(
    path: string,
    body?: AsyncIterable<Uint8Array>,
  ): { readonly asked: ClientRequest; readonly answer: Promise<IncomingMessage> } {
    const asked = request({ socketPath: this.#socket, path, method: body === undefined ? 'GET' : 'POST' });
    const answer = once(asked, 'response').then(([message]) => message as IncomingMessage);
    answer.catch(() => undefined);
    if (body === undefined) asked.end();
    else Readable.from(body).pipe(asked);
    return { asked, answer };
  }

  async lines(path: string, body?: AsyncIterable<Uint8Array>): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const text = Buffer.concat(await Array.fromAsync(await this.ask(path, body).answer)).toString();
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async ping(): Promise<void> {
    const answer = await this.ask('/ping').answer;
    assert.equal(Buffer.concat(await Array.fromAsync(answer)).toString(), 'pong');
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.#server.kill(signal);
    if (this.#server.exitCode === null && this.#server.signalCode === null) await once(this.#server, 'exit');
  }
}

async function* chunksOf(bytes: Uint8Array, pauseMs = 0): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 256 << 10) {
    if (pauseMs > 0) await sleep(pauseMs);
    yield bytes.subarray(at, at + (256 << 10));
  }
}

test('load and check go through the border, and pings are answered meanwhile', { skip }, async (context) => {
  const border = await Border.start(context, storeRoot(context));
  let isOver = false;
  const pings = (async () => {
    let count = 0;
    for (; !isOver; count++) await border.ping();
    return count;
  })();
  const loaded = await border.lines('/load', chunksOf(archive));
  isOver = true;
  assert.ok((await pings) >= 10, 'its main thread does nothing but serve');
  assert.ok(loaded.some(({ type, state }) => type === 'layer' && state === 'done'));
  assert.deepEqual((loaded.at(-1) as { result: { images: { references: string[] }[] } }).result.images[0]?.references, [
    'made:1',
  ]);
  const checked = (await border.lines('/check')).at(-1) as { result: { images: number; damages: unknown[] } };
  assert.deepEqual([checked.result.images, checked.result.damages], [1, []]);
  // A client gets the library's error: kind, code, message, hint.
  const [refused] = (await border.lines('/load', chunksOf(new Uint8Array(600).fill(7)))).slice(-1);
  assert.equal((refused as { error: { code: string } }).error.code, 'ERR_TAR_CHECKSUM');
  await border.end('SIGTERM');
});

test('a client that goes away ends its work, and nothing stays', { skip }, async (context) => {
  const root = storeRoot(context);
  const border = await Border.start(context, root);
  const { asked } = border.ask('/load', chunksOf(archive, 20));
  asked.on('error', () => undefined);
  await sleep(500);
  asked.destroy();
  await border.ping();
  const loaded = await border.lines('/load', chunksOf(archive));
  assert.ok('result' in (loaded.at(-1) ?? {}));
  await border.end('SIGTERM');
  await using engine = await Engine.open({ root });
  const { damages, orphans } = await engine.system.check().result;
  assert.deepEqual({ damages, orphans }, { damages: [], orphans: [] });
});

test('a log is followed through the border', {
  skip: needs('root', 'overlay', 'runc', 'conmon', 'busybox'),
}, async (context) => {
  const engine = await testStore(context, { busybox: 'busybox' });
  const command = ['sh', '-c', 'for i in 1 2 3; do echo line $i; sleep 0.1; done'];
  const { id } = await engine.containers.create({ image: 'busybox', command });
  await engine.containers.start(id);
  const border = await Border.start(context, engine.layout.root);
  const answer = await border.ask(`/logs?container=${id}`).answer;
  assert.equal(Buffer.concat(await Array.fromAsync(answer)).toString(), 'line 1\nline 2\nline 3\n');
  await border.end('SIGTERM');
});

test('a server killed at any moment leaves a whole store, and the next one goes on', { skip }, async (context) => {
  const root = storeRoot(context);
  const random = createRandom(runSeed());
  for (let round = 0; round < (isSoak ? 100 : 3); round++) {
    const border = await Border.start(context, root);
    const { asked, answer } = border.ask('/load', chunksOf(archive, random.next(3)));
    asked.on('error', () => undefined);
    void answer.then((message) => message.on('error', () => undefined).resume()).catch(() => undefined);
    await sleep(random.next(1500));
    await border.end('SIGKILL');
    await using engine = await Engine.open({ root });
    await engine.system.collectGarbage().result;
    const { damages, orphans, images } = await engine.system.check().result;
    assert.deepEqual({ damages, orphans }, { damages: [], orphans: [] }, `round ${round}`);
    assert.ok(images <= 1);
    if (images === 1) await engine.images.remove('made:1');
  }
});
