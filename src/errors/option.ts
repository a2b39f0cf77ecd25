import { StrataError } from './strata-error.ts';

/** Returns the error for an option whose value is not allowed. `expected` completes the hint “Give …”. */
export const invalidOption = (option: string, value: unknown, expected: string): StrataError =>
  new StrataError({
    code: 'ERR_OPTION_INVALID',
    message: `option ${option}: ${formatValue(value)} is invalid`,
    hint: `Give ${expected}.`,
    details: { option },
  });

/**
 * Checks that a value is one of the choices. An undefined value passes: the option has its default.
 * @throws ERR_OPTION_INVALID
 */
export function checkChoice<Choice extends string>(
  option: string,
  value: Choice | undefined,
  choices: readonly Choice[],
): void {
  if (value === undefined || choices.includes(value)) return;
  throw invalidOption(option, value, `one of ${choices.join(', ')}`);
}

const maxLength = 100;

/** Formats a value as a program would write it. */
function formatValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, maxLength));
  if (value instanceof Date || typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? 'an array' : 'an object';
}
