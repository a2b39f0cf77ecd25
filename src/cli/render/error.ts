import { isStrataError } from '../../errors/index.ts';
import { errnoOf } from '../../sys/errno.ts';
import { commandHint } from './command-hint.ts';
import { printable } from './printable.ts';

/**
 * Formats an error: the place in a file if it has one, a line with the message, a line with the hint, and with `debug`
 * the stacks of the error and its causes. `isRoot` is true for root, by default that of this process.
 */
export function renderError(error: unknown, options: { readonly debug: boolean; readonly isRoot?: boolean }): string {
  if (!(error instanceof Error)) return `strata: ${String(error)}\n`;
  const { debug, isRoot = process.getuid?.() === 0 } = options;
  const isRefused = !isRoot && ['EACCES', 'EPERM'].includes(errnoOf(error) ?? '');
  const lines = [`strata: ${isStrataError(error) || isRefused ? error.message : `internal error: ${error.message}`}`];
  const hint = (isStrataError(error) ? commandHint(error) : undefined) ?? (isRefused ? rootHint : undefined);
  if (hint !== undefined) lines.push(`hint: ${hint}`);
  if (debug) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      lines.push(cause.stack ?? cause.message);
  }
  return `${extractOf(error)}${lines.map(printable).join('\n')}\n`;
}

/** Formats the place in a file as docker does; empty for an error without one. */
function extractOf(error: Error): string {
  const { file, line, extract } = (isStrataError(error) ? error.details : undefined) ?? {};
  if (typeof file !== 'string' || typeof line !== 'number' || !Array.isArray(extract)) return '';
  const rule = '-'.repeat(20);
  const lines = [`${file}:${line}`, rule, ...extract.map(String), rule];
  return lines.map((text) => `${printable(text)}\n`).join('');
}

const rootHint = 'Run this as root, or choose a store of your own with --root or STRATA_ROOT.';
