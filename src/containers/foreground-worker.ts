// Runs one container in a thread with a mount namespace of its own, for programs whose main thread is not ours to move.
import { parentPort, workerData } from 'node:worker_threads';
import { StrataError } from '../errors/index.ts';
import { unshareMounts } from '../sys/unshare.ts';
import { type ForegroundPlan, runForeground } from './foreground.ts';
import type { WorkerReport } from './run-in-worker.ts';

const report = (message: WorkerReport): void => parentPort?.postMessage(message);
const controller = new AbortController();
parentPort?.once('message', () => controller.abort());

async function main(): Promise<void> {
  try {
    unshareMounts();
    const exitCode = await runForeground(workerData as ForegroundPlan, {
      signal: controller.signal,
      onOutput: (stream, chunk) => report({ type: 'output', stream, chunk: Uint8Array.from(chunk) }),
    });
    report({ type: 'exit', exitCode });
  } catch (error) {
    if (error instanceof StrataError) report({ type: 'failure', error: { ...error.toJSON() } });
    else report({ type: 'failure', error: { message: error instanceof Error ? error.message : String(error) } });
  } finally {
    parentPort?.close();
  }
}

void main();
