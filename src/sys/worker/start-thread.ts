import { Worker, type WorkerOptions } from 'node:worker_threads';
import { type Errno, errnoNumber, SyscallError } from '../errno.ts';

/** Starts a worker thread. Throws a SyscallError when a limit of processes or of memory is reached. */
export function startThread(module: URL, options: WorkerOptions = {}): Worker {
  try {
    return new Worker(module, options);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_INIT_FAILED')) throw error;
    // The message is just the name of the error number.
    const errno = errnoNumber(error.message as Errno) ?? errnoNumber('EAGAIN');
    throw new SyscallError({ syscall: 'pthread_create', errno, cause: error });
  }
}
