import { parentPort, Worker } from 'node:worker_threads';
import { fromThreadError, type ThreadError, toThreadError } from './thread-error.ts';

type Report = { readonly answer: unknown } | { readonly error: ThreadError };

/**
 * What a worker answers that does one thing, for programs whose main thread is not ours to move between mount
 * namespaces. Rejects with the worker's error; descriptors and mounts it made are the process's.
 */
export async function threadAnswer<T>(worker: URL, plan: unknown): Promise<T> {
  const thread = new Worker(worker, { workerData: plan });
  const report = await new Promise<Report | undefined>((resolve, reject) => {
    let told: Report | undefined;
    thread.on('message', (message: Report) => (told = message));
    thread.on('error', reject);
    thread.on('exit', () => resolve(told));
  });
  if (report === undefined) throw new Error('the container thread ended before it was done');
  if ('error' in report) throw fromThreadError(report.error);
  return report.answer as T;
}

/** The worker's side of {@link threadAnswer}. */
export function answerThread(work: () => unknown): void {
  const report = (message: Report): void => parentPort?.postMessage(message);
  Promise.try(work).then(
    (answer) => report({ answer }),
    (error: unknown) => report({ error: toThreadError(error) }),
  );
}
