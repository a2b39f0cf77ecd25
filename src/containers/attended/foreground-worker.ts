// Runs one container in a thread with a mount namespace of its own, for programs whose main thread is not ours to move.
import { parentPort, workerData } from 'node:worker_threads';
import { unshareMounts } from '../../sys/unshare.ts';
import { SharedBinds } from '../mounts/shared-binds.ts';
import { toThreadError } from '../thread-error.ts';
import { type ForegroundPlan, runForeground } from './foreground.ts';
import type { WorkerOrder, WorkerReport } from './foreground-thread.ts';

const report = (message: WorkerReport): void => parentPort?.postMessage(message);
const controller = new AbortController();
/** Outputs that the other side has not dealt with yet, in order. */
const untaken: (() => void)[] = [];

parentPort?.on('message', (order: WorkerOrder) => {
  if (order === 'abort') controller.abort();
  else untaken.shift()?.();
});

async function main(): Promise<void> {
  try {
    const plan = workerData as ForegroundPlan;
    using binds = SharedBinds.take(plan.options.mounts, plan.bundle);
    unshareMounts();
    const exitCode = await runForeground(plan, binds, {
      signal: controller.signal,
      onStarted: () => report({ type: 'started' }),
      onOutput: (stream, chunk, taken) => {
        untaken.push(taken);
        report({ type: 'output', stream, chunk: Uint8Array.from(chunk) });
      },
    });
    report({ type: 'exit', exitCode });
  } catch (error) {
    report({ type: 'failure', error: toThreadError(error) });
  } finally {
    parentPort?.close();
  }
}

void main();
