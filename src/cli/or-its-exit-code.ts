import { isStrataError } from '../errors/index.ts';
import type { Called } from './context.ts';
import { exitEngineFailure } from './exit-codes.ts';

/**
 * Shows why a container could not be described, made or started, sets docker's exit code for it, 125 unless the error has one, and
 * returns undefined.
 */
export async function orItsExitCode<Result>(
  { context }: Called,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (context.signal.aborted && error === context.signal.reason) throw error;
    await context.tell(error);
    const code = isStrataError(error) ? error.details?.['exitCode'] : undefined;
    context.setExitCode(typeof code === 'number' ? code : exitEngineFailure);
    return undefined;
  }
}
