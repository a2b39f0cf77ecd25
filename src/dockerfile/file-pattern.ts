import { StrataError } from '../errors/index.ts';
import { readCharacterClass } from './character-class.ts';
import { characters, codePoints } from './code-points.ts';
import { literalStep, manyStep, oneStep, PatternAutomaton, type PatternStep } from './pattern-automaton.ts';
import { excerpt, quote } from './quote.ts';

const slash = 0x2f;
const notSlash = (code: number): boolean => code !== slash;
const anything = (): boolean => true;

const one = oneStep(notSlash);
const many = manyStep(notSlash);
/** `**` at the end: any text, slashes too. */
const rest = manyStep(anything);
/** `**` elsewhere: nothing at all, or any text that ends with a slash. */
const folders: readonly PatternStep[] = [
  { accepts: () => false, loops: false, skips: [1, 3] },
  manyStep(anything),
  literalStep(slash),
];

export interface FilePattern {
  readonly steps: readonly PatternStep[];
  /** Literal text before, between and behind wildcards and classes; every match holds all of it in this order. */
  readonly literals: readonly string[];
  /** Number of wildcards, classes and escapes; 0 when the pattern matches only itself. */
  readonly specials: number;
  /** True when it starts with `**`. */
  readonly leading: boolean;
  /** True when it ends with `**`. */
  readonly trailing: boolean;
}

function patternError(pattern: string): StrataError {
  return new StrataError({
    code: 'ERR_PATTERN_SYNTAX',
    message: `pattern ${quote(excerpt(pattern))}: syntax error in pattern`,
    hint: 'Close every [, put something into it, and let no backslash stand at the end.',
  });
}

/**
 * Reads a pattern; with `doubleStar`, `**` crosses folders instead of being two single stars. @throws
 * ERR_PATTERN_SYNTAX
 */
export function parseFilePattern(pattern: string, doubleStar: boolean): FilePattern {
  const letters = characters(pattern);
  const steps: PatternStep[] = [];
  const literals = [''];
  let specials = 0;
  let [leading, trailing] = [false, false];
  for (let index = 0; index < letters.length; ) {
    const start = index++;
    const character = letters[start] as string;
    if ('*?[]\\'.includes(character)) specials++;
    if ('*?['.includes(character)) literals.push('');
    if (character === '*' && doubleStar && letters[index] === '*') {
      index += letters[index + 1] === '/' ? 2 : 1;
      leading ||= start === 0;
      trailing = index >= letters.length;
      steps.push(...(trailing ? [rest] : folders));
    } else if (character === '*') {
      if (steps.at(-1) !== many) steps.push(many);
    } else if (character === '?') steps.push(one);
    else if (character === '[') {
      const found = readCharacterClass(letters, index);
      if (found === undefined) throw patternError(pattern);
      steps.push(oneStep(found.accepts));
      index = found.end;
    } else {
      const taken = character === '\\' ? letters[index++] : character;
      if (taken === undefined) throw patternError(pattern);
      steps.push(literalStep(taken.codePointAt(0) ?? 0));
      literals.push((literals.pop() ?? '') + taken);
    }
  }
  return { steps, literals, specials, leading, trailing };
}

/** True when COPY and ADD treat `path` as a pattern: an unescaped `*`, `?` or `[`. */
export function hasWildcards(path: string): boolean {
  for (let index = 0; index < path.length; index++) {
    const unit = path.charAt(index);
    if (unit === '\\') index++;
    else if (unit === '*' || unit === '?' || unit === '[') return true;
  }
  return false;
}

/**
 * Compiles a wildcard of COPY and ADD by the rules of Go's `filepath.Match`: `*` and `?` stop at slashes, `[a-z]`,
 * `[^a-z]`, `\` escapes; the whole path must match. Matching costs at most pattern × path.
 *
 * @throws ERR_PATTERN_SYNTAX
 */
export function compileWildcard(pattern: string): (path: string) => boolean {
  const automaton = new PatternAutomaton(parseFilePattern(pattern, false).steps);
  return (path) => automaton.matches(codePoints(path));
}
