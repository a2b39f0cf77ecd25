import { resolve } from 'node:path';

/** Docker's `-v`, its source being of the current folder when it begins with a dot. */
export function volumeFlag(text: string): string {
  const end = text.indexOf(':');
  const source = end < 0 ? '' : text.slice(0, end);
  return /^\.{1,2}(\/|$)/.test(source) ? `${resolve(source)}${text.slice(end)}` : text;
}
