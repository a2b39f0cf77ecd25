import { Worker } from 'node:worker_threads';
import type { LaunchPlan } from './launch.ts';
import { fromThreadError, type ThreadError } from './thread-error.ts';

export type LaunchReport = { readonly pid: number } | { readonly error: ThreadError };

const workerUrl = new URL(
  import.meta.url.endsWith('.ts')
    ? './launch-worker.ts'
    : import.meta.url.endsWith('.cjs')
      ? './launch-worker.cjs'
      : './launch-worker.js',
  import.meta.url,
);

/** `launch` in a worker thread, for programs whose main thread is not ours to move; the same answers and errors. */
export async function launchInWorker(plan: LaunchPlan): Promise<number> {
  const worker = new Worker(workerUrl, { workerData: plan });
  const report = await new Promise<LaunchReport | undefined>((resolve, reject) => {
    let told: LaunchReport | undefined;
    worker.on('message', (message: LaunchReport) => (told = message));
    worker.on('error', reject);
    worker.on('exit', () => resolve(told));
  });
  if (report === undefined) throw new Error('the container thread ended before the container was made');
  if ('error' in report) throw fromThreadError(report.error);
  return report.pid;
}
