import { isStrataError } from '../../errors/index.ts';
import { printable } from './printable.ts';

/** Formats the last lines of a failed step's output; empty for any other error, and for a step without output. */
export function failedStepLog(error: unknown): string {
  const log = isStrataError(error, 'ERR_RUN_FAILED') ? error.details?.['log'] : undefined;
  if (typeof log !== 'string' || log === '') return '';
  const lines = log.replace(/\n$/, '').split('\n').slice(-shownLines);
  return `------\n${lines.map((line) => `${printable(line.replace(/\r$/, ''))}\n`).join('')}------\n`;
}

const shownLines = 20;
