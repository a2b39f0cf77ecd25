import { StrataError } from '../errors/index.ts';

type Token =
  | { readonly kind: 'star' }
  | { readonly kind: 'any' }
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] };

function invalid(pattern: string): StrataError {
  return new StrataError({
    code: 'ERR_PATTERN_INVALID',
    message: `pattern ${JSON.stringify(pattern.slice(0, 100))}: syntax error in pattern`,
    hint: 'A pattern has * and ? for any characters but /, [a-z] for one of a set, and \\ before a literal one.',
  });
}

const order = (a: string, b: string): number => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0);

function compile(pattern: string): readonly Token[] {
  const chars = Array.from(pattern);
  const tokens: Token[] = [];
  let at = 0;
  const escaped = (): string => {
    if (chars[at] === '\\') at++;
    const char = chars[at++];
    if (char === undefined) throw invalid(pattern);
    return char;
  };
  const bound = (): string => {
    if (chars[at] === '-' || chars[at] === ']') throw invalid(pattern);
    return escaped();
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
        const low = bound();
        const isRange = chars[at] === '-';
        if (isRange) at++;
        ranges.push([low, isRange ? bound() : low]);
      } while (chars[at] !== ']');
      at++;
      tokens.push({ kind: 'class', negated, ranges });
    } else {
      tokens.push({ kind: 'char', char: escaped() });
    }
  }
  return tokens;
}

function matches(token: Token, char: string): boolean {
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
    const wanted = tokens[token];
    const char = chars[at];
    if (wanted?.kind === 'star') {
      star = token++;
      starAt = at;
    } else if (wanted !== undefined && char !== undefined && matches(wanted, char)) {
      token++;
      at++;
    } else {
      const taken = chars[starAt];
      if (star < 0 || taken === undefined || taken === '/') return false;
      token = star + 1;
      at = ++starAt;
    }
  }
  return true;
}
