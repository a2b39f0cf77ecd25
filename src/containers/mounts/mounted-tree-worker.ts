// Mounts a container's files in a thread of its own, which may move between mount namespaces.
import { workerData } from 'node:worker_threads';
import { answerThread } from '../thread-answer.ts';
import { mountTree, type TreePlan } from './mounted-tree.ts';

answerThread(() => mountTree(workerData as TreePlan));
