/** A bracket expression read from a pattern, and the index behind its `]`. */
export interface CharacterClass {
  readonly accepts: (code: number) => boolean;
  readonly end: number;
}

/** Reads one character of a class, perhaps escaped; undefined where the syntax expects something else. */
function readMember(characters: readonly string[], index: number): { code: number; end: number } | undefined {
  const first = characters[index];
  if (first === undefined || first === '-' || first === ']') return undefined;
  const escaped = first === '\\';
  const character = escaped ? characters[index + 1] : first;
  if (character === undefined) return undefined;
  return { code: character.codePointAt(0) ?? 0, end: index + (escaped ? 2 : 1) };
}

/**
 * Reads `[a-z]` or `[^a-z]` of Go's `filepath.Match`, with the `[` at `start - 1`; undefined when malformed. A class
 * may match a slash. It is never empty, and `-` and `]` in it need a backslash.
 */
export function readCharacterClass(characters: readonly string[], start: number): CharacterClass | undefined {
  const negated = characters[start] === '^';
  const ranges: (readonly [number, number])[] = [];
  let index = negated ? start + 1 : start;
  while (characters[index] !== ']' || ranges.length === 0) {
    const low = readMember(characters, index);
    if (low === undefined) return undefined;
    index = low.end;
    let high = low;
    if (characters[index] === '-') {
      const found = readMember(characters, index + 1);
      if (found === undefined) return undefined;
      high = found;
      index = high.end;
    }
    // An escape or range at the very end leaves the bracket open.
    if (index >= characters.length) return undefined;
    ranges.push([low.code, high.code]);
  }
  const within = (code: number): boolean => ranges.some(([low, high]) => low <= code && code <= high);
  return { accepts: negated ? (code) => !within(code) : within, end: index + 1 };
}
