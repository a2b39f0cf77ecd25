import { isUtf8 } from 'node:buffer';

/**
 * The name of a file as one line of text that says which bytes it has: control characters, bytes that are no UTF-8 and
 * backslashes become `\x1b`, `\xff` and `\\`.
 */
export function shownFileName(name: Uint8Array): string {
  const bytes = Buffer.from(name.buffer, name.byteOffset, name.byteLength);
  return isUtf8(bytes) ? escaped(bytes.toString('utf8')) : piecewise(bytes);
}

const escaped = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  text.replace(/[\\\x00-\x1f\x7f-\x9f\u2028\u2029]/g, (found) =>
    found === '\\' ? '\\\\' : [...Buffer.from(found)].map(hex).join(''),
  );

const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`;

/** Characters where there are some, other bytes one by one. */
function piecewise(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = characterBytes(bytes, at);
    text += length > 0 ? escaped(bytes.toString('utf8', at, at + length)) : hex(bytes[at] as number);
    at += Math.max(length, 1);
  }
  return text;
}

/** 0 when no character begins there. */
function characterBytes(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    if (isUtf8(bytes.subarray(at, at + length))) return length;
  }
  return 0;
}
