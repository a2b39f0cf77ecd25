import { Worker } from 'node:worker_threads';
import type { MountedTree, TreePlan } from './mounted-tree.ts';
import { fromThreadError, type ThreadError } from './thread-error.ts';

export type TreeReport = { readonly tree: MountedTree } | { readonly error: ThreadError };

const workerUrl = new URL(
  import.meta.url.endsWith('.ts')
    ? './mounted-tree-worker.ts'
    : import.meta.url.endsWith('.cjs')
      ? './mounted-tree-worker.cjs'
      : './mounted-tree-worker.js',
  import.meta.url,
);

/** `mountTree` in a worker thread, for programs whose main thread is not ours to move; descriptors are the process's. */
export async function mountTreeInWorker(plan: TreePlan): Promise<MountedTree> {
  const worker = new Worker(workerUrl, { workerData: plan });
  const report = await new Promise<TreeReport | undefined>((resolve, reject) => {
    let told: TreeReport | undefined;
    worker.on('message', (message: TreeReport) => (told = message));
    worker.on('error', reject);
    worker.on('exit', () => resolve(told));
  });
  if (report === undefined) throw new Error('the mounting thread ended before it mounted anything');
  if ('error' in report) throw fromThreadError(report.error);
  return report.tree;
}
