import { StrataError } from '../errors/index.ts';
import { cleanPath } from '../lib/clean-path.ts';
import { codePoints } from './code-points.ts';
import { parseFilePattern } from './file-pattern.ts';
import { maxPatterns } from './limits.ts';
import { PatternAutomaton } from './pattern-automaton.ts';
import { trimSpace } from './whitespace.ts';

/** Result of matching a folder, kept while its children are matched; only {@link PatternMatcher} creates it. */
export interface FolderMatch {
  /** True for each group of patterns that matched the folder. */
  readonly groups: readonly boolean[];
}

type Test = (path: string) => boolean;

interface CompiledPattern {
  /** Text that every match begins with. */
  readonly head: string;
  /** Undefined when the pattern matches only itself. */
  readonly test: Test | undefined;
}

/** Returns a cheap test that rules out almost every path before the automaton runs. */
function holdsLiterals(literals: readonly string[]): Test {
  const head = literals[0] ?? '';
  const tail = literals.at(-1) ?? '';
  const longest = literals.reduce((best, literal) => (literal.length > best.length ? literal : best), '');
  return (path) => path.startsWith(head) && path.endsWith(tail) && path.includes(longest);
}

/** Compiles one cleaned pattern; the four forms differ where docker's do: `**x` matches `ax`, `**x*` does not. */
function compile(pattern: string): CompiledPattern {
  const { steps, literals, specials, leading, trailing } = parseFilePattern(pattern, true);
  const head = literals[0] ?? '';
  if (specials === 0) return { head, test: undefined };
  if (specials === 1 && leading) {
    const suffix = pattern.slice(2);
    const whole = suffix.startsWith('/') ? suffix.slice(1) : undefined;
    return { head, test: (path) => path.endsWith(suffix) || path === whole };
  }
  if (specials === 1 && trailing) return { head, test: (path) => path.startsWith(head) };
  const mayMatch = holdsLiterals(literals);
  // Created when first needed: on most paths the literals rule the pattern out.
  let automaton: PatternAutomaton | undefined;
  const matches = (path: string): boolean => {
    automaton ??= new PatternAutomaton(steps);
    return automaton.matches(codePoints(path));
  };
  return { head, test: (path) => mayMatch(path) && matches(path) };
}

/** Neighbouring patterns of the same sign: which of them matches makes no difference. */
class PatternGroup {
  readonly reincludes: boolean;
  readonly #exact = new Set<string>();
  readonly #others = new Map<string, CompiledPattern & { readonly test: Test }>();

  constructor(reincludes: boolean) {
    this.reincludes = reincludes;
  }

  add(pattern: string): void {
    if (this.#exact.has(pattern) || this.#others.has(pattern)) return;
    const { head, test } = compile(pattern);
    if (test === undefined) this.#exact.add(pattern);
    else this.#others.set(pattern, { head, test });
  }

  matches(path: string): boolean {
    if (this.#exact.has(path)) return true;
    for (const { test } of this.#others.values()) if (test(path)) return true;
    return false;
  }

  /** False when nothing below `folder` (ending in a slash) can match. */
  mayMatchBelow(folder: string): boolean {
    for (const path of this.#exact) if (path.startsWith(folder)) return true;
    for (const { head } of this.#others.values()) {
      if (head.startsWith(folder) || folder.startsWith(head)) return true;
    }
    return false;
  }
}

/** Returns the paths above `path`, outermost first. */
function parents(path: string): string[] {
  const found: string[] = [];
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) found.push(path.slice(0, at));
  return found;
}

/**
 * Patterns of a `.dockerignore` and of `--exclude`, with the rules of moby/patternmatcher v0.6.1: `*` and `?` stop at
 * slashes, `**` does not, `!` takes back earlier matches, and everything below a matching folder matches too. The order
 * counts. Paths are slash-separated text; a name that is not UTF-8 is to be decoded with U+FFFD.
 *
 * Patterns and paths may be hostile: a match costs at most pattern × path.
 */
export class PatternMatcher {
  readonly #groups: PatternGroup[] = [];

  /** Drops blank patterns and cleans the others. @throws ERR_PATTERN_SYNTAX, ERR_PATTERN_COUNT */
  constructor(patterns: readonly string[]) {
    if (patterns.length > maxPatterns) {
      throw new StrataError({
        code: 'ERR_PATTERN_COUNT',
        message: `patterns: ${patterns.length} are more than the allowed ${maxPatterns}`,
        hint: 'Use wildcards instead of a line per file.',
      });
    }
    for (const text of patterns) {
      const trimmed = trimSpace(text);
      if (trimmed !== '') this.#add(cleanPath(trimmed));
    }
  }

  /** True without patterns: nothing matches. */
  get isEmpty(): boolean {
    return this.#groups.length === 0;
  }

  /** True when some pattern takes back earlier matches. */
  get hasExceptions(): boolean {
    return this.#groups.some((group) => group.reincludes);
  }

  /** True when the path or a folder above it matches; never for the root itself. */
  matches(path: string): boolean {
    const clean = cleanPath(path);
    return clean !== '.' && this.#resolve(clean, parents(clean));
  }

  /**
   * {@link matches} for a walk of a tree from its root: each folder's result is handed to its children, so that no path
   * is matched twice. Without `parent` the path is at the root. Docker reads a context this way. The two differ for a
   * folder that matches a `!` pattern before any pattern has excluded it: a walk forgets that.
   */
  matchesIn(
    parent: FolderMatch | undefined,
    path: string,
  ): { readonly matched: boolean; readonly folder: FolderMatch } {
    let matched = false;
    const groups = this.#groups.map((group, index) => {
      const match = parent?.groups[index] === true || (group.reincludes === matched && group.matches(path));
      if (match) matched = !group.reincludes;
      return match;
    });
    return { matched, folder: { groups } };
  }

  /** False when no `!` pattern can take back anything below a folder: an excluded one need not be entered then. */
  mayReincludeBelow(folder: string): boolean {
    const prefix = `${folder}/`;
    return this.#groups.some((group) => group.reincludes && group.mayMatchBelow(prefix));
  }

  #resolve(path: string, above: readonly string[]): boolean {
    let matched = false;
    for (const group of this.#groups) {
      if (group.reincludes !== matched) continue;
      if (group.matches(path) || above.some((folder) => group.matches(folder))) matched = !group.reincludes;
    }
    return matched;
  }

  #add(cleaned: string): void {
    const reincludes = cleaned.startsWith('!');
    const pattern = reincludes ? cleaned.slice(1) : cleaned;
    if (pattern === '') {
      throw new StrataError({
        code: 'ERR_PATTERN_SYNTAX',
        message: 'pattern "!": illegal exclusion pattern: "!"',
        hint: 'Write the path to keep behind the exclamation mark.',
      });
    }
    let group = this.#groups.at(-1);
    if (group?.reincludes !== reincludes) {
      group = new PatternGroup(reincludes);
      this.#groups.push(group);
    }
    group?.add(pattern);
  }
}
