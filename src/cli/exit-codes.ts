import { isStrataError } from '../errors/index.ts';

/** The engine or the command line is at fault, as docker uses it; a container's own code is passed on as it is. */
export const exitEngineFailure = 125;

/** Failures of every command but `run`: 1, as `docker` answers for a refusal of its daemon, unless they say otherwise. */
export function exitCodeOf(error: unknown): number {
  const code = isStrataError(error) ? error.details?.['exitCode'] : undefined;
  if (typeof code === 'number') return code;
  return isStrataError(error, 'ERR_USAGE') ? exitEngineFailure : 1;
}
