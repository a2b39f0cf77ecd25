import { workerUrl } from '../../sys/worker-url.ts';
import { threadAnswer } from '../thread-answer.ts';
import type { MountedTree, TreePlan } from './mounted-tree.ts';

/** `mountTree` in a worker thread, for programs whose main thread is not ours to move; descriptors are the process's. */
export const mountTreeInWorker = (plan: TreePlan): Promise<MountedTree> =>
  threadAnswer(workerUrl('mounted-tree-worker', import.meta.url), plan);
