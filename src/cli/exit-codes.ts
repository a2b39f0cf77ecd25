import { isStrataError } from '../errors/index.ts';

/** Docker's code for a failure of the engine or of the command line; a container's own code is passed on unchanged. */
export const exitEngineFailure = 125;

// Errors of the command line itself. On other errors `details.exitCode` is the exit code of a program in a container.
const ownFailures = ['ERR_USAGE', 'ERR_NOT_SUPPORTED_YET', 'ERR_NO_TERMINAL', 'ERR_FORMAT_INVALID'];

/**
 * Returns the exit code of a failed command other than `run`: 1, docker's for a refusal by its daemon, or the code of a
 * wrong line.
 */
export function exitCodeOf(error: unknown): number {
  if (!isStrataError(error) || !ownFailures.includes(error.code)) return 1;
  const code = error.details?.['exitCode'];
  if (typeof code === 'number') return code;
  return error.code === 'ERR_USAGE' ? exitEngineFailure : 1;
}
