// Does jobs on many small files beside the main thread, for file-helper.ts.
import { parentPort } from 'node:worker_threads';
import { invariant } from '../../lib/invariant.ts';
import { type FileJob, runFileJob } from './file-jobs.ts';

invariant(parentPort, 'this module runs in a worker');
const port = parentPort;

port.on('message', (jobs: readonly FileJob[]) => port.postMessage(jobs.map(runFileJob)));
