import { StrataError } from '../errors/index.ts';
import { cleanPath } from './clean-path.ts';
import { codePoints } from './code-points.ts';
import { parseFilePattern } from './file-pattern.ts';
import { PatternAutomaton } from './pattern-automaton.ts';
import { trimSpace } from './whitespace.ts';

/** What is remembered of a folder while its children are matched; only {@link PatternMatcher} makes them. */
export interface FolderMatch {
  /** Per group of patterns whether the folder matched. */
  readonly groups: readonly boolean[];
}

type Test = (path: string) => boolean;

const special = /[*?[\]\\]/;

/** Index of the first wildcard, class or escape, or the length. */
function literalHead(pattern: string): string {
  const at = pattern.search(special);
  return at < 0 ? pattern : pattern.slice(0, at);
}

function literalTail(pattern: string): string {
  let start = pattern.length;
  while (start > 0 && !special.test(pattern.charAt(start - 1))) start--;
  // The slash behind `**` belongs to it: `**/x` matches `x` too.
  return pattern.slice(pattern[start] === '/' ? start + 1 : start);
}

/** The test of one cleaned pattern; the four forms differ where docker's do: `**x` matches `ax`, `**x*` does not. */
function compile(pattern: string): Test | 'exact' {
  const { steps, specials, leading, trailing } = parseFilePattern(pattern, true);
  if (specials === 0) return 'exact';
  if (specials === 1 && leading) {
    const suffix = pattern.slice(2);
    const whole = suffix.startsWith('/') ? suffix.slice(1) : undefined;
    return (path) => path.endsWith(suffix) || path === whole;
  }
  if (specials === 1 && trailing) {
    const prefix = pattern.slice(0, -2);
    return (path) => path.startsWith(prefix);
  }
  const automaton = new PatternAutomaton(steps);
  const head = literalHead(pattern);
  const tail = literalTail(pattern);
  return (path) => path.startsWith(head) && path.endsWith(tail) && automaton.matches(codePoints(path));
}

/** Neighbouring patterns of the same sign: it does not matter which of them matches. */
class PatternGroup {
  readonly reincludes: boolean;
  readonly #exact = new Set<string>();
  readonly #others = new Map<string, Test>();

  constructor(reincludes: boolean) {
    this.reincludes = reincludes;
  }

  add(pattern: string): void {
    if (this.#exact.has(pattern) || this.#others.has(pattern)) return;
    const test = compile(pattern);
    if (test === 'exact') this.#exact.add(pattern);
    else this.#others.set(pattern, test);
  }

  matches(path: string): boolean {
    if (this.#exact.has(path)) return true;
    for (const test of this.#others.values()) if (test(path)) return true;
    return false;
  }

  /** False when nothing below `folder` (ending in a slash) can match. */
  mayMatchBelow(folder: string): boolean {
    const reaches = (pattern: string): boolean => {
      const head = literalHead(pattern);
      return head.startsWith(folder) || (head.length < pattern.length && folder.startsWith(head));
    };
    for (const pattern of this.#exact) if (reaches(pattern)) return true;
    for (const pattern of this.#others.keys()) if (reaches(pattern)) return true;
    return false;
  }
}

/** The paths above `path`, outermost first. */
function parents(path: string): string[] {
  const found: string[] = [];
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) found.push(path.slice(0, at));
  return found;
}

/**
 * Patterns of a `.dockerignore` and of `--exclude`, as moby/patternmatcher v0.6.1 reads them: `*` and `?` stop at
 * slashes, `**` does not, `!` takes back what matched before, and what stands below a matching folder matches too.
 * The order counts. Paths are slash-separated text; a name that is not UTF-8 is to be decoded with U+FFFD.
 *
 * Patterns and paths may be hostile: a match costs at most pattern × path.
 */
export class PatternMatcher {
  readonly #groups: PatternGroup[] = [];

  /** Blank patterns are dropped, the others cleaned. @throws ERR_PATTERN_SYNTAX */
  constructor(patterns: readonly string[]) {
    for (const text of patterns) {
      const trimmed = trimSpace(text);
      if (trimmed !== '') this.#add(cleanPath(trimmed));
    }
  }

  /** Some pattern takes back what others matched. */
  get hasExceptions(): boolean {
    return this.#groups.some((group) => group.reincludes);
  }

  /** True when the path or a folder above it matches; never for the root itself. */
  matches(path: string): boolean {
    const clean = cleanPath(path);
    return clean !== '.' && this.#resolve(clean, parents(clean));
  }

  /**
   * As {@link matches} while a tree is walked from its root: each folder's result is handed to its children, so that
   * no path is looked at twice. Without `parent` the path is taken to stand at the root.
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
        kind: 'invalid-argument',
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
