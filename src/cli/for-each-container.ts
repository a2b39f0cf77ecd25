import { isStrataError } from '../errors/index.ts';
import type { CliContext } from './context.ts';

/**
 * Runs `act` for each container in order and prints its result, or the name as it was given. A failure does not stop the
 * others. Failures are reported at the end, and the exit code is 1 unless all are `forgiven`. Returns the names that
 * failed.
 */
export async function forEachContainer(
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
  for (const { error } of failures) await context.reportError(error);
  if (failures.some(({ error }) => !forgiven(error))) context.setExitCode(1);
  return failures.map(({ name }) => name);
}
