import { resolve } from 'node:path';

/** Parses docker's `-v`: a source that begins with a dot is relative to the working directory. */
export function parseVolumeFlag(text: string): string {
  const end = text.indexOf(':');
  const source = end < 0 ? '' : text.slice(0, end);
  return /^\.{1,2}(\/|$)/.test(source) ? `${resolve(source)}${text.slice(end)}` : text;
}
