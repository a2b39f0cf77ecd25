// A server in a hundred lines: its main thread speaks HTTP on a socket, and an engine in a worker does long work.
//   node border-server.fixture.ts SOCKET ROOT
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { TransferListItem } from 'node:worker_threads';
import { isStrataError } from '../../../src/errors/index.ts';
import { JobThread } from '../../../src/sys/worker/job-thread.ts';

export type BorderJob = { readonly root: string } & (
  | { readonly verb: 'load'; readonly body: ReadableStream<Uint8Array> }
  | { readonly verb: 'check' | 'end' }
  | { readonly verb: 'logs'; readonly container: string }
);

export type BorderEvent = object | { readonly bytes: Uint8Array };

const [socket = '', root = ''] = process.argv.slice(2);
const engine = new JobThread<BorderJob, BorderEvent, unknown>(new URL('./border-worker.fixture.ts', import.meta.url));

/** Returns a signal that aborts when the client goes away. */
function signalOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort(new Error('the client is gone')));
  return controller.signal;
}

/** Writes a chunk and waits until the client takes more: a slow client holds up its own work only. */
async function write(response: ServerResponse, chunk: string | Uint8Array): Promise<void> {
  if (!response.write(chunk))
    await new Promise<void>((resolve) => response.once('drain', resolve).once('close', resolve));
}

async function perform(job: BorderJob, response: ServerResponse, transfer: TransferListItem[] = []): Promise<void> {
  const onEvent = async (event: BorderEvent): Promise<void> =>
    await write(response, 'bytes' in event ? event.bytes : `${JSON.stringify(event)}\n`);
  try {
    const result = await engine.run(job, { signal: signalOf(response), onEvent, transfer });
    if (job.verb !== 'logs') await write(response, `${JSON.stringify({ result })}\n`);
  } catch (error) {
    const data = isStrataError(error) ? error.toJSON() : { message: String(error) };
    await write(response, `${JSON.stringify({ error: data })}\n`);
  }
  response.end();
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://border');
  response.flushHeaders();
  if (pathname === '/ping') {
    response.end('pong');
  } else if (pathname === '/load') {
    const body = Readable.toWeb(request) as ReadableStream<Uint8Array>;
    void perform({ verb: 'load', root, body }, response, [body]);
  } else if (pathname === '/check') {
    void perform({ verb: 'check', root }, response);
  } else if (pathname === '/logs') {
    void perform({ verb: 'logs', root, container: searchParams.get('container') ?? '' }, response);
  } else response.writeHead(404).end();
}

const server = createServer(answer);
server.listen(socket, () => process.stdout.write('ready\n'));
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void engine.run({ verb: 'end', root }).then(() => engine[Symbol.asyncDispose]());
});
