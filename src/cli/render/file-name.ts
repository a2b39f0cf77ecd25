import { isUtf8 } from 'node:buffer';

/**
 * Formats the name of a file unambiguously on one line: control characters, bytes that are not UTF-8 and backslashes
 * become `\x1b`, `\xff` and `\\`.
 */
export function formatFileName(name: Uint8Array): string {
  const bytes = Buffer.from(name.buffer, name.byteOffset, name.byteLength);
  return isUtf8(bytes) ? escapeControls(bytes.toString('utf8')) : escapeInvalidUtf8(bytes);
}

const escapeControls = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it matches control characters
  text.replace(/[\\\x00-\x1f\x7f-\x9f\u2028\u2029]/g, (found) =>
    found === '\\' ? '\\\\' : [...Buffer.from(found)].map(hex).join(''),
  );

const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`;

/** Keeps characters and escapes each other byte. */
function escapeInvalidUtf8(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = characterBytes(bytes, at);
    text += length > 0 ? escapeControls(bytes.toString('utf8', at, at + length)) : hex(bytes[at] as number);
    at += Math.max(length, 1);
  }
  return text;
}

/** Returns the length of the character at an offset, 0 if none begins there. */
function characterBytes(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    if (isUtf8(bytes.subarray(at, at + length))) return length;
  }
  return 0;
}
