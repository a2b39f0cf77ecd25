// Makes one container's processes in a thread of its own, which may move between mount namespaces.
import { parentPort, workerData } from 'node:worker_threads';
import { type LaunchPlan, launch } from './launch.ts';
import type { LaunchReport } from './launch-thread.ts';
import { toThreadError } from './thread-error.ts';

const report = (message: LaunchReport): void => parentPort?.postMessage(message);

launch(workerData as LaunchPlan).then(
  (pid) => report({ pid }),
  (error: unknown) => report({ error: toThreadError(error) }),
);
