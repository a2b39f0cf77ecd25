import type { CliContext } from '../context.ts';

/** Prints a warning and asks in docker's words. Returns true for `y` only. */
export async function confirm(context: CliContext, warning: string): Promise<boolean> {
  context.out(`${warning}Are you sure you want to continue? [y/N] `);
  const answer = await context.readLine();
  return answer.trim().toLowerCase() === 'y';
}
