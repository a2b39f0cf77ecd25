import { hostname } from 'node:os';

interface Known {
  readonly folder: string;
  readonly ids: ReadonlyMap<string, string>;
}

const ago = /\b(?:Less than a second|About an? (?:minute|hour)|\d+ (?:second|minute|hour|day|week|month|year)s?)\b/g;

const changing: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| ?[-+]\d\d:?\d\d(?: [A-Z]+)?)/g, '<time>'],
  [ago, '<age>'],
  // Errors without a network have different words in each program.
  [
    /\b(?:failed to do request: )?(?:Get|Head) "https:\/\/[^"]*": dial tcp: .*?(?:connection refused|no such host)/g,
    '<no network>',
  ],
  [new RegExp(`("Hostname": ?")${hostname()}"`, 'g'), '$1<machine>"'],
  [/("Pid": ?)[1-9]\d*/g, '$1"<pid>"'],
  [/("(?:\w+Dir|\w+Path)": ")\/[^"]*(?=")/g, '$1<path>'],
  [/\bopen \/\S+\/docker-import-\d+/g, 'open <path>'],
  [/\bref [0-9a-f-]{24}<short id>::[0-9a-z]{25}/g, 'ref <ref>'],
  // The width of a column depends on the text that was replaced.
  [/(\S) {3,}(?=\S)/g, '$1   '],
  [/(\S) +$/gm, '$1'],
];

/** Replaces IDs, times, ages and folders in a text by names in angle brackets. */
export function normalise(text: string, { folder, ids }: Known): string {
  const nameOf = (hex: string): string =>
    [...ids].find(([, id]) => id.startsWith(hex))?.[0] ?? (hex.length === 64 ? 'id' : 'short id');
  const named = text
    .replaceAll(folder, '<folder>')
    .replace(/\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b/g, (hex) => `<${nameOf(hex)}>`);
  return changing.reduce((normal, [pattern, replacement]) => normal.replace(pattern, replacement), named);
}
