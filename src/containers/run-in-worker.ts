import { Worker } from 'node:worker_threads';
import { type ErrorKind, type JsonValue, StrataError } from '../errors/index.ts';
import type { ForegroundOptions, ForegroundPlan } from './foreground.ts';

/** What the worker tells. Errors cross the thread as data and become errors again. */
export type WorkerReport =
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly chunk: Uint8Array }
  | { readonly type: 'exit'; readonly exitCode: number }
  | { readonly type: 'failure'; readonly error: { readonly [key: string]: JsonValue } };

const workerUrl = new URL(
  import.meta.url.endsWith('.ts')
    ? './foreground-worker.ts'
    : import.meta.url.endsWith('.cjs')
      ? './foreground-worker.cjs'
      : './foreground-worker.js',
  import.meta.url,
);

/** `runForeground` in a worker thread; the same answers and errors. */
export async function runInWorker(plan: ForegroundPlan, { signal, onOutput }: ForegroundOptions): Promise<number> {
  signal?.throwIfAborted();
  const worker = new Worker(workerUrl, { workerData: plan });
  const abort = (): void => worker.postMessage('abort');
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const outcome = await new Promise<WorkerReport>((resolve, reject) => {
      worker.on('message', (message: WorkerReport) => {
        if (message.type === 'output') onOutput?.(message.stream, message.chunk);
        else resolve(message);
      });
      worker.on('error', reject);
      worker.on('exit', () => reject(new Error('the container thread ended before the container')));
    });
    signal?.throwIfAborted();
    if (outcome.type === 'failure') throw revive(outcome.error);
    if (outcome.type === 'exit') return outcome.exitCode;
    throw new Error(`unexpected report ${outcome.type}`);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

function revive({ kind, code, message, hint, details }: { readonly [key: string]: JsonValue }): Error {
  if (typeof message !== 'string') return new Error('the container thread failed without a message');
  if (typeof code !== 'string') return new Error(message);
  return new StrataError({
    kind: kind as ErrorKind,
    code: code as `ERR_${string}`,
    message,
    ...(typeof hint === 'string' ? { hint } : {}),
    ...(typeof details === 'object' && details !== null && !Array.isArray(details)
      ? { details: details as { readonly [key: string]: JsonValue } }
      : {}),
  });
}
