// Mounts a container's files in a thread of its own, which may move between mount namespaces.
import { parentPort, workerData } from 'node:worker_threads';
import { mountTree, type TreePlan } from './mounted-tree.ts';
import type { TreeReport } from './mounted-tree-thread.ts';
import { toThreadError } from './thread-error.ts';

const report = (message: TreeReport): void => parentPort?.postMessage(message);

try {
  report({ tree: mountTree(workerData as TreePlan) });
} catch (error) {
  report({ error: toThreadError(error) });
}
