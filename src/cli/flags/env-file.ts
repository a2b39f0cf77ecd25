import { StrataError } from '../../errors/index.ts';
import { readNamedFile } from '../named-file.ts';

/** A bare name takes the value it has here; one that has none here stays bare, which takes the variable away. */
export function withOwnValue(entry: string): string {
  const value = entry.includes('=') ? undefined : process.env[entry];
  return value === undefined ? entry : `${entry}=${value}`;
}

/**
 * Docker's format: a variable a line, `#` comments, nothing unquoted; a bare name that has no value here is left out. Throws ERR_ENV_FILE and
 * what reading it does.
 */
async function readEnvFile(path: string, signal: AbortSignal): Promise<string[]> {
  const lines = textOf(path, await readNamedFile(path, signal))
    .replace(/^\ufeff/, '')
    .split(/\r?\n/);
  const entries = lines.map((line) => line.trimStart()).filter((line) => line !== '' && !line.startsWith('#'));
  for (const entry of entries) {
    const [name = ''] = entry.split('=', 1);
    if (name === '') throw envFileProblem(path, `no variable name on line '${entry}'`);
    if (/\s/.test(name)) throw envFileProblem(path, `variable '${name}' contains whitespaces`);
  }
  return entries;
}

function textOf(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw envFileProblem(path, 'contains invalid utf8 bytes');
  }
}

/** Of several files, in order. */
export async function readEnvFiles(paths: readonly string[], signal: AbortSignal): Promise<string[]> {
  const entries: string[][] = [];
  for (const path of paths) entries.push(await readEnvFile(path, signal));
  return entries.flat();
}

const envFileProblem = (path: string, problem: string): StrataError =>
  new StrataError({
    code: 'ERR_ENV_FILE',
    message: `poorly formatted environment: ${path}: ${problem}`,
    hint: 'Write one variable a line, as NAME=value, or NAME to take its value from here.',
  });
