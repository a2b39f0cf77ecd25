// Makes one container's processes in a thread of its own, which may move between mount namespaces.
import { workerData } from 'node:worker_threads';
import { answerThread } from '../thread-answer.ts';
import { type LaunchPlan, launch } from './launch.ts';

answerThread(() => launch(workerData as LaunchPlan));
