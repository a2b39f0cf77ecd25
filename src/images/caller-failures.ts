import { isStrataError, StrataError } from '../errors/index.ts';
import { asSyscallError } from '../sys/as-syscall-error.ts';
import { errnoOf } from '../sys/errno.ts';
import type { WriteBytes } from './save/archive-writer.ts';

/**
 * Returns the caller's stream with its failures as ERR_INPUT_FAILED, so that they do not look like faults of Strata.
 */
export const markInputFailures = (source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> => ({
  [Symbol.asyncIterator]: () => {
    const iterator = source[Symbol.asyncIterator]();
    return {
      next: () => markFailures('ERR_INPUT_FAILED', 'input', async () => await iterator.next()),
      return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
    };
  },
});

/** Returns the caller's function with its failures as ERR_OUTPUT_FAILED. */
export const markOutputFailures =
  (write: WriteBytes): WriteBytes =>
  (chunk) =>
    markFailures('ERR_OUTPUT_FAILED', 'output', async () => await write(chunk));

/**
 * Runs `work` and gives its failure the code. StrataErrors and failed system calls are passed on: they name their cause
 * themselves.
 */
async function markFailures<T>(
  code: 'ERR_INPUT_FAILED' | 'ERR_OUTPUT_FAILED',
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isStrataError(error) || errnoOf(error) !== undefined) throw asSyscallError(error);
    const message = `${name}: ${error instanceof Error ? error.message : String(error)}`;
    const hint =
      name === 'input' ? 'Check the stream that was passed as input.' : 'Check the function that takes the output.';
    throw new StrataError({ code, message, hint, cause: error });
  }
}
