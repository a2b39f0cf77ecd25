const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Encodes `text` as UTF-8. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** Decodes UTF-8 for a message. Invalid bytes become U+FFFD, so the result must never be turned back into a name. */
export const displayBytes = (bytes: Uint8Array): string => decoder.decode(bytes);

/** Compares byte by byte, as `LC_ALL=C sort` does; returns a negative number, zero or a positive number. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && compareBytes(a, b) === 0;

/** Returns one array with all parts in order. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
