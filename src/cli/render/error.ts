import { isStrataError } from '../../errors/index.ts';
import { printable } from './printable.ts';

/** One line that names the thing, one that says what to do; causes and the stack only on request. */
export function renderError(error: unknown, options: { readonly debug: boolean }): string {
  if (!(error instanceof Error)) return `strata: ${String(error)}\n`;
  const lines = [`strata: ${isStrataError(error) ? error.message : `internal error: ${error.message}`}`];
  if (isStrataError(error) && error.hint !== undefined) lines.push(`hint: ${error.hint}`);
  if (options.debug) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      lines.push(cause.stack ?? cause.message);
  }
  return `${lines.map(printable).join('\n')}\n`;
}
