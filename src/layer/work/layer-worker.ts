// Runs the long synchronous jobs of src/layer, one at a time, for the pool.
import { parentPort } from 'node:worker_threads';
import { firstCause } from '../../errors/index.ts';
import { invariant } from '../../lib/invariant.ts';
import { runJob } from './jobs.ts';
import { type JobMessage, toPlainError, type WorkerMessage } from './messages.ts';

invariant(parentPort, 'this module runs in a worker');
const port = parentPort;
const progressBytes = 4 << 20;

class Aborted extends Error {}

function answer({ job, abort }: JobMessage): WorkerMessage {
  const word = new Int32Array(abort);
  let told = 0;
  try {
    const result = runJob(job, {
      check: () => {
        if (Atomics.load(word, 0) !== 0) throw new Aborted();
      },
      progress: (offset) => {
        if (offset - told < progressBytes) return;
        told = offset;
        port.postMessage({ kind: 'progress', offset } satisfies WorkerMessage);
      },
    });
    return { kind: 'done', result };
  } catch (error) {
    return firstCause(error) instanceof Aborted ? { kind: 'aborted' } : { kind: 'failed', error: toPlainError(error) };
  }
}

port.on('message', (message: JobMessage) => {
  port.postMessage(answer(message));
});
