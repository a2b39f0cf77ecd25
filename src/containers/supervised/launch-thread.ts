import { workerUrl } from '../../sys/worker-url.ts';
import { threadAnswer } from '../thread-answer.ts';
import type { LaunchPlan } from './launch.ts';

/** `launch` in a worker thread, for programs whose main thread is not ours to move; the same answers and errors. */
export const launchInWorker = (plan: LaunchPlan): Promise<number> =>
  threadAnswer(workerUrl('launch-worker', import.meta.url), plan);
