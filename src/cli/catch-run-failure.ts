import { isStrataError } from '../errors/index.ts';
import type { VerbCall } from './context.ts';
import { exitEngineFailure } from './exit-codes.ts';

/**
 * Runs `work`, which creates or starts a container. Reports a failure, sets docker's exit code for it (125 unless the
 * error has one) and returns undefined.
 */
export async function catchRunFailure<Result>(
  { context }: VerbCall,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (context.signal.aborted && error === context.signal.reason) throw error;
    await context.reportError(error);
    const code = isStrataError(error) ? error.details?.['exitCode'] : undefined;
    context.setExitCode(typeof code === 'number' ? code : exitEngineFailure);
    return undefined;
  }
}
