import { isStrataError } from '../errors/index.ts';
import type { CliContext } from './context.ts';

const expected: ReadonlySet<string> = new Set(['ERR_FILE_NOT_FOUND', 'ERR_FILE_KIND']);

/**
 * Tells what is wrong with one of several paths of an image, which does not stop the others: the command's exit code is 1
 * then, as with cat. Throws any other error.
 */
export async function tellPathProblem(context: CliContext, error: unknown): Promise<void> {
  if (!isStrataError(error) || !expected.has(error.code)) throw error;
  await context.tell(error);
  context.setExitCode(1);
}
