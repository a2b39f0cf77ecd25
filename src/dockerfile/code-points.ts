/** Returns the characters of `text`, one per code point; a lone surrogate is one. */
export const characters = (text: string): string[] => Array.from(text);

/** {@link characters} as numbers. */
export const codePoints = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0) ?? 0);
