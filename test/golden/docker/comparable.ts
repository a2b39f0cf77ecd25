import type { Answer } from './scenario.ts';

/**
 * Turns an answer into lines to compare: `code 1`, `stdout …`, `stderr …`; JSON of several lines becomes a line for
 * each value, in the order of the keys. Left out is all that each program shows in its own form: progress, the position
 * in the Dockerfile and extracts of it, the summary of the usage after an error, hints, the prefix of an error, rows of
 * `system df` that docker does not have, the masked paths of /proc and /sys.
 */
export function comparable({ code, stdout, stderr }: Answer): string[] {
  return [
    `code ${code ?? 'none'}`,
    ...(
      valuesOf(stdout)?.filter((line) => !ownValues.test(line)) ??
      linesOf(withoutPlugin(stdout).replace(ownRows, '').replace(prefixes, ''))
    ).map((line) => `stdout ${line}`),
    ...linesOf(message(withoutPlugin(stderr))).map((line) => `stderr ${line}`),
  ];
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

/** Removes the plugin that builds from a command's name. */
const withoutPlugin = (text: string): string =>
  text
    .replace(/\bdocker buildx prune\b/g, 'docker builder prune')
    .replace(/\bdocker buildx\b/g, 'docker')
    .replace(/(["'] ?|not a )(?:docker|strata)\b/g, '$1<program>');

const parts: readonly RegExp[] = [
  /^Usage: {2}[^]*$/m,
  /^hint: (?!See)[^\n]*\n/gm,
  /^#\d+ ?[^\n]*\n/gm,
  /^------\n[^]*?\n------\n/gm,
  /^[^\n]*:\d+\n-{20}\n[^]*?\n-{20}\n/gm,
  /^(?:writing image|naming to) [^\n]*\n/gm,
  /^\s*\n/gm,
];

// The part of a hint before the pointer to the help is Strata's own.
const pointer = /^hint: [^\n]* (See '[^'\n]* --help'\.)$/gm;

// Some masked paths exist once for each processor of the machine.
const ownValues = /^\d+\.HostConfig\.MaskedPaths\.\d+: /;

const ownRows = /^(?:\n(?:Blobs|Other) usage: |(?:Blobs|Other) |.*"Type":"(?:Blobs|Other)").*\n/gm;

// `docker run` adds a full stop to the daemon's message, and a pointer to the help.
const ofRun = [/^docker: (.*)\.\nSee '<program> run --help'\.\n/gm, /^docker: (Error response .*)\.\n/gm];

const prefixes =
  /^(?:strata: |hint: |docker: )?(?:Error response from daemon: |Error: |ERROR: )?(?:failed to solve: )?(?:dockerfile (?:parse error on )?line \d+: )?/gm;

function message(stderr: string): string {
  const plain = ofRun.reduce((text, form) => text.replace(form, '$1\n'), stderr);
  const rest = parts.reduce((text, part) => text.replace(part, ''), plain.replace(pointer, 'hint: $1'));
  return rest.replace(prefixes, '').replace(/^(See '.*')\.$/gm, '$1');
}

function valuesOf(text: string): string[] | undefined {
  if (!/^[[{]\n/.test(text)) return undefined;
  try {
    return flat(JSON.parse(text), '');
  } catch (error) {
    // The output of a user's template may begin with a bracket.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function flat(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [`${path}: ${JSON.stringify(value)}`];
  const entries = Object.entries(value).toSorted(([a], [b]) => (Array.isArray(value) || a === b ? 0 : a < b ? -1 : 1));
  if (entries.length === 0) return [`${path}: ${JSON.stringify(value)}`];
  return entries.flatMap(([key, item]) => flat(item, path === '' ? key : `${path}.${key}`));
}
