import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { configurationUnusable } from './failures.ts';
import { maxConfigurationBytes } from './limits.ts';

/** The variable that names the configuration file. */
export const fileVariable = 'STRATA_CONFIG';
/** The configuration file of the machine. */
export const systemFile = '/etc/strata/config.json';

type Environment = Readonly<Record<string, string | undefined>>;

export interface FoundFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads the one configuration file that counts, whole: the one that is named, by `wanted` or by a variable, and otherwise
 * the user's own or else the system's. Root's is the system's alone: HOME may be somebody else's under sudo, and a
 * configuration names programs that are run. Undefined without a file. Throws ERR_CONFIGURATION_UNUSABLE.
 */
export function findConfigurationFile(
  wanted: string | false | undefined,
  environment: Environment,
): FoundFile | undefined {
  if (wanted === false) return undefined;
  const named = wanted ?? (environment[fileVariable] || undefined);
  if (named === nothing) return undefined;
  if (named !== undefined) return readNamed(resolve(named));
  const own = process.geteuid?.() === 0 ? undefined : userFile(environment);
  return (own === undefined ? undefined : readIfThere(own)) ?? readIfThere(systemFile);
}

// Git, ssh and curl take it for "no file", too.
const nothing = '/dev/null';

/** The file of a user; undefined for one without a home. A relative XDG_CONFIG_HOME is to be ignored, says its specification. */
export function userFile({ XDG_CONFIG_HOME: configs = '', HOME: home = '' }: Environment): string | undefined {
  if (isAbsolute(configs)) return join(configs, 'strata/config.json');
  return isAbsolute(home) ? join(home, '.config/strata/config.json') : undefined;
}

function readNamed(path: string): FoundFile {
  try {
    return read(path);
  } catch (error) {
    throw isErrno(error) ? unreadable(path, error) : error;
  }
}

function readIfThere(path: string): FoundFile | undefined {
  try {
    return read(path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    // A home that is no folder, or somebody else's (`su -m`), holds no file of this user's.
    const isAbsent = error.code === 'ENOENT' || error.code === 'ENOTDIR' || (error.code === 'EACCES' && !isSeen(path));
    if (isAbsent) return undefined;
    throw unreadable(path, error);
  }
}

const isErrno = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'errno' in error;

function isSeen(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}

function read(path: string): FoundFile {
  // Without O_NONBLOCK the open of a fifo would wait for a writer.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    refuseUnsafe(path, fd);
    return { path, bytes: readWhole(path, fd) };
  } finally {
    closeSync(fd);
  }
}

function refuseUnsafe(path: string, fd: number): void {
  const stat = fstatSync(fd);
  if (stat.isDirectory()) {
    const hint = `Name the file in it: ${join(path, 'config.json')}. (Docker's command keeps its own settings in a folder.)`;
    throw configurationUnusable(path, 'is a directory', hint);
  }
  if (!stat.isFile()) throw configurationUnusable(path, 'is not a regular file', 'Write it into a file of its own.');
  if ((stat.mode & constants.S_IWOTH) !== 0) {
    const hint = `It names programs that are run: chmod o-w ${path}`;
    throw configurationUnusable(path, 'is writable by everybody', hint);
  }
}

function readWhole(path: string, fd: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(maxConfigurationBytes + 1);
  let length = 0;
  for (let got = -1; got !== 0 && length < bytes.length; length += got) {
    got = readSync(fd, bytes, length, bytes.length - length, null);
  }
  if (length <= maxConfigurationBytes) return bytes.subarray(0, length);
  throw configurationUnusable(
    path,
    `is larger than ${maxConfigurationBytes} bytes`,
    'Name a file that is a configuration.',
  );
}

const unreadable = (path: string, error: NodeJS.ErrnoException): ReturnType<typeof configurationUnusable> =>
  configurationUnusable(
    path,
    `cannot be read (${error.code ?? error.message})`,
    hints[error.code ?? ''] ?? 'Name another one.',
    error,
  );

const hints: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file: write it, or name another one.',
  EACCES: `Have it made readable for you, or write one of your own: ~/.config/strata/config.json.`,
};
