import { StrataError } from './strata-error.ts';

/** For an option of a caller's that has no such value. `expected` completes “Give …”. */
export const invalidOption = (option: string, value: unknown, expected: string): StrataError =>
  new StrataError({
    code: 'ERR_OPTION_INVALID',
    message: `option ${option}: ${shown(value)} is invalid`,
    hint: `Give ${expected}.`,
    details: { option },
  });

/** Refuses a value that is none of the choices; an option that is not given has its default. Throws ERR_OPTION_INVALID. */
export function checkChoice<Choice extends string>(
  option: string,
  value: Choice | undefined,
  choices: readonly Choice[],
): void {
  if (value === undefined || choices.includes(value)) return;
  throw invalidOption(option, value, `one of ${choices.join(', ')}`);
}

const longest = 100;

/** As it would be written in a program. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, longest));
  if (value instanceof Date || typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? 'an array' : 'an object';
}
