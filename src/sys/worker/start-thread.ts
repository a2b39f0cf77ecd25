import { Worker, type WorkerOptions } from 'node:worker_threads';
import { type Errno, errnoNumber, SyscallError } from '../errno.ts';

/** Starts a worker thread. Throws a SyscallError where there is none to be had: a limit of processes, or of memory. */
export function startThread(module: URL, options: WorkerOptions = {}): Worker {
  try {
    return new Worker(module, options);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_INIT_FAILED')) throw error;
    // Its message is the name of the error, and nothing else.
    const errno = errnoNumber(error.message as Errno) ?? errnoNumber('EAGAIN');
    throw new SyscallError({ syscall: 'pthread_create', errno, cause: error });
  }
}
