import type { CliContext } from '../context.ts';

/** Warns and asks, in docker's words; everything but `y` is a no. */
export async function confirm(context: CliContext, warning: string): Promise<boolean> {
  context.out(`${warning}Are you sure you want to continue? [y/N] `);
  const answer = await context.readLine();
  return answer.trim().toLowerCase() === 'y';
}
