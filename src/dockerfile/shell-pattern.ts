import { characters, codePoints } from './code-points.ts';
import { maxPatternWork } from './limits.ts';
import { literalStep, manyStep, oneStep, PatternAutomaton, type PatternStep } from './pattern-automaton.ts';

// BuildKit compiles these patterns to regular expressions, in which `.` stops at a newline.
const notNewline = (code: number): boolean => code !== 0x0a;

const anyOne = oneStep(notNewline);
const anyMany = manyStep(notNewline);

/** A problem of a pattern, in docker's words; the caller adds variable and line. */
export class PatternProblem extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

const shorten = 'Use a shorter value or a shorter pattern.';

function escapeStep(character: string | undefined): PatternStep {
  // `}` and `/` must be escaped inside `${…}`; the others are the pattern's own characters.
  if (character === undefined || !'*?\\}/'.includes(character)) {
    throw new PatternProblem(
      `invalid escape '\\${character ?? ''}'`,
      'In a pattern, a backslash escapes only *, ?, }, / and itself.',
    );
  }
  return literalStep(character.charCodeAt(0));
}

/** Parses a pattern: `?` is one character, `*` any number, `\` escapes; there are no brackets. */
function parsePattern(pattern: string): PatternStep[] {
  const steps: PatternStep[] = [];
  const letters = characters(pattern);
  for (let index = 0; index < letters.length; index++) {
    const character = letters[index] as string;
    if (character === '\\') steps.push(escapeStep(letters[++index]));
    else if (character === '?') steps.push(anyOne);
    else if (character !== '*') steps.push(literalStep(character.codePointAt(0) ?? 0));
    else if (steps.at(-1) !== anyMany) steps.push(anyMany);
  }
  return steps;
}

function checkWork(value: string, pattern: string): void {
  if (value.length * pattern.length > maxPatternWork)
    throw new PatternProblem('pattern and value are too long', shorten);
}

/** Returns the value of `${v#pattern}` and, with `longest`, `${v##pattern}`. @throws PatternProblem */
export function trimPrefix(value: string, pattern: string, longest: boolean): string {
  checkWork(value, pattern);
  const automaton = new PatternAutomaton(parsePattern(pattern));
  const end = automaton.matchFrom(codePoints(value), 0, longest ? 'longest' : 'shortest');
  return end <= 0 ? value : characters(value).slice(end).join('');
}

/** Returns the value of `${v%pattern}` and, with `longest`, `${v%%pattern}`. @throws PatternProblem */
export function trimSuffix(value: string, pattern: string, longest: boolean): string {
  checkWork(value, pattern);
  const automaton = new PatternAutomaton(parsePattern(pattern).reverse());
  const length = automaton.matchFrom(codePoints(value).reverse(), 0, longest ? 'longest' : 'shortest');
  const letters = characters(value);
  return length <= 0 ? value : letters.slice(0, letters.length - length).join('');
}

/**
 * Returns the value of `${v/pattern/replacement}` and, with `all`, `${v//pattern/replacement}`: the leftmost match, as
 * long as possible.
 *
 * @param maxLength most UTF-16 units of the result
 * @throws PatternProblem
 */
export function replaceMatches(
  value: string,
  pattern: string,
  replacement: string,
  options: { readonly all: boolean; readonly maxLength: number },
): string {
  checkWork(value, pattern);
  const steps = parsePattern(pattern);
  const forward = new PatternAutomaton(steps);
  const codes = codePoints(value);
  const letters = characters(value);
  // Read backwards, the ends of matches are the positions at which a match can start.
  const starts = new PatternAutomaton(steps.toReversed()).matchEnds(codes.toReversed()).reverse();
  const parts: string[] = [];
  let length = 0;
  let copied = 0;
  let lastEnd = -1;
  for (let index = 0; index <= codes.length; index++) {
    if (starts[index] === 0) continue;
    const end = forward.matchFrom(codes, index, 'longest');
    // An empty match right behind another match does not count.
    if (end === index && index === lastEnd) continue;
    const kept = letters.slice(copied, index).join('');
    length += kept.length + replacement.length;
    if (length > options.maxLength) throw new PatternProblem('the result is too long', shorten);
    parts.push(kept, replacement);
    copied = end;
    lastEnd = end;
    if (!options.all) break;
    index = Math.max(index, end - 1);
  }
  parts.push(letters.slice(copied).join(''));
  return parts.join('');
}
