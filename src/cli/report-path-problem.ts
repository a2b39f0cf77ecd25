import { isStrataError } from '../errors/index.ts';
import type { CliContext } from './context.ts';

const expected: ReadonlySet<string> = new Set(['ERR_FILE_NOT_FOUND', 'ERR_FILE_KIND']);

/**
 * Reports a problem with one of several paths of an image and sets the exit code to 1, so that the command goes on with
 * the others, as cat does. Throws any other error.
 */
export async function reportPathProblem(context: CliContext, error: unknown): Promise<void> {
  if (!isStrataError(error) || !expected.has(error.code)) throw error;
  await context.reportError(error);
  context.setExitCode(1);
}
