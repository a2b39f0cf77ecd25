import { Worker } from 'node:worker_threads';
import { workerUrl } from '../../sys/worker-url.ts';
import { fromThreadError, type ThreadError } from '../thread-error.ts';
import type { ForegroundOptions, ForegroundPlan } from './foreground.ts';
import type { OnOutput } from './output-flow.ts';

/** What the worker is told: to end, or that its oldest output has been dealt with. */
export type WorkerOrder = 'abort' | 'taken';

/** What the worker tells. Errors cross the thread as data and become errors again. */
export type WorkerReport =
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly chunk: Uint8Array }
  | { readonly type: 'started' }
  | { readonly type: 'exit'; readonly exitCode: number }
  | { readonly type: 'failure'; readonly error: ThreadError };

const forget: OnOutput = (_stream, _chunk, taken) => taken();

/** `runForeground` in a worker thread, which has ended when this settles; the same answers and errors. */
export async function runInWorker(plan: ForegroundPlan, options: ForegroundOptions): Promise<number> {
  const { signal, onOutput: pass = forget, onStarted } = options;
  signal?.throwIfAborted();
  const worker = new Worker(workerUrl('foreground-worker', import.meta.url), { workerData: plan });
  const order = (what: WorkerOrder): void => worker.postMessage(what);
  const abort = (): void => order('abort');
  signal?.addEventListener('abort', abort, { once: true });
  try {
    let outcome: WorkerReport | undefined;
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (message: WorkerReport) => {
        if (message.type === 'output') pass(message.stream, message.chunk, () => order('taken'));
        else if (message.type === 'started') onStarted?.();
        else outcome = message;
      });
      worker.on('error', reject);
      worker.on('exit', () => resolve());
    });
    signal?.throwIfAborted();
    if (outcome?.type === 'failure') throw fromThreadError(outcome.error);
    if (outcome?.type === 'exit') return outcome.exitCode;
    throw new Error('the container thread ended before the container');
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
