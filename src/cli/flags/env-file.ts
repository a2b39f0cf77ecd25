import { StrataError } from '../../errors/index.ts';
import { readNamedFile } from '../read-named-file.ts';

/** Gives a bare name its value in this process's environment. Without one it stays bare, which removes the variable. */
export function withOwnValue(entry: string): string {
  const value = entry.includes('=') ? undefined : process.env[entry];
  return value === undefined ? entry : `${entry}=${value}`;
}

/**
 * Reads docker's format: a variable a line, `#` comments, quotes kept, bare names as they are. Throws ERR_ENV_FILE and
 * the errors of reading the file.
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

/** Reads several files in order. */
export async function readEnvFiles(paths: readonly string[], signal: AbortSignal): Promise<string[]> {
  const entries: string[][] = [];
  for (const path of paths) entries.push(await readEnvFile(path, signal));
  return entries.flat();
}

const envFileProblem = (path: string, problem: string): StrataError =>
  new StrataError({
    code: 'ERR_ENV_FILE',
    message: `poorly formatted environment: ${path}: ${problem}`,
    hint: 'Write one variable per line: NAME=value, or NAME to take its value from the environment.',
  });
