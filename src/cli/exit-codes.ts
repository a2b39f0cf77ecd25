import { isStrataError } from '../errors/index.ts';

/** The engine or the command line is at fault, as docker uses it; a container's own code is passed on as it is. */
export const exitEngineFailure = 125;

// What the command line itself refuses; of a RUN or a container that failed, `exitCode` is its program's.
const ownFailures = ['ERR_USAGE', 'ERR_NOT_SUPPORTED_YET', 'ERR_NO_TERMINAL', 'ERR_FORMAT_INVALID'];

/** Failures of every command but `run`: 1, as `docker` answers for a refusal of its daemon, unless they say otherwise. */
export function exitCodeOf(error: unknown): number {
  if (!isStrataError(error) || !ownFailures.includes(error.code)) return 1;
  const code = error.details?.['exitCode'];
  if (typeof code === 'number') return code;
  return error.code === 'ERR_USAGE' ? exitEngineFailure : 1;
}
