import { isStrataError } from '../errors/index.ts';
import type { CliContext } from './context.ts';

/**
 * Does something to each container that is named, in order, and prints what comes of it, by default the name as it was
 * given. A failure does not stop the others: it is told at the end, and the command's exit code is 1 unless all are
 * `forgiven`. Answers the names that failed.
 */
export async function eachContainer(
  context: CliContext,
  names: readonly string[],
  act: (name: string) => Promise<string | void>,
  forgiven: (error: unknown) => boolean = () => false,
): Promise<readonly string[]> {
  const failures: { readonly name: string; readonly error: unknown }[] = [];
  for (const name of names) {
    try {
      context.out(`${(await act(name)) ?? name}\n`);
    } catch (error) {
      if (!isStrataError(error)) throw error;
      failures.push({ name, error });
    }
  }
  for (const { error } of failures) await context.tell(error);
  if (failures.some(({ error }) => !forgiven(error))) context.setExitCode(1);
  return failures.map(({ name }) => name);
}
