import { StrataError } from '../errors/index.ts';

type PatternToken =
  | { readonly kind: 'star' }
  | { readonly kind: 'any' }
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] };

function invalidPattern(pattern: string): StrataError {
  return new StrataError({
    code: 'ERR_PATTERN_INVALID',
    message: `pattern ${JSON.stringify(pattern.slice(0, 100))}: syntax error in pattern`,
    hint: 'Write * for any characters except /, ? for one of them, [a-z] for one of a set, and \\ before a literal character.',
  });
}

const order = (a: string, b: string): number => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0);

function compile(pattern: string): readonly PatternToken[] {
  const chars = Array.from(pattern);
  const tokens: PatternToken[] = [];
  let at = 0;
  const readChar = (): string => {
    if (chars[at] === '\\') at++;
    const char = chars[at++];
    if (char === undefined) throw invalidPattern(pattern);
    return char;
  };
  const readBound = (): string => {
    if (chars[at] === '-' || chars[at] === ']') throw invalidPattern(pattern);
    return readChar();
  };
  while (at < chars.length) {
    const char = chars[at];
    if (char === '*' || char === '?') {
      at++;
      tokens.push({ kind: char === '*' ? 'star' : 'any' });
    } else if (char === '[') {
      at++;
      const negated = chars[at] === '^';
      if (negated) at++;
      const ranges: [string, string][] = [];
      do {
        const low = readBound();
        const isRange = chars[at] === '-';
        if (isRange) at++;
        ranges.push([low, isRange ? readBound() : low]);
      } while (chars[at] !== ']');
      at++;
      tokens.push({ kind: 'class', negated, ranges });
    } else {
      tokens.push({ kind: 'char', char: readChar() });
    }
  }
  return tokens;
}

function matches(token: PatternToken, char: string): boolean {
  switch (token.kind) {
    case 'star':
    case 'any':
      return char !== '/';
    case 'char':
      return char === token.char;
    case 'class':
      return token.ranges.some(([low, high]) => order(low, char) <= 0 && order(char, high) <= 0) !== token.negated;
  }
}

/**
 * Matches the whole of `name` against a shell pattern in which `*` and `?` stop at `/`, as Go's `path.Match` does.
 * Takes time in the product of both lengths at most. Throws ERR_PATTERN_INVALID even when the beginning already fails
 * to match.
 */
export function pathMatch(pattern: string, name: string): boolean {
  const tokens = compile(pattern);
  const chars = Array.from(name);
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  // Only the last star is ever extended. Extending an earlier one could not help: the last can match the same text.
  while (at < chars.length || token < tokens.length) {
    const expected = tokens[token];
    const char = chars[at];
    if (expected?.kind === 'star') {
      star = token++;
      starAt = at;
    } else if (expected !== undefined && char !== undefined && matches(expected, char)) {
      token++;
      at++;
    } else {
      const skipped = chars[starAt];
      if (star < 0 || skipped === undefined || skipped === '/') return false;
      token = star + 1;
      at = ++starAt;
    }
  }
  return true;
}
