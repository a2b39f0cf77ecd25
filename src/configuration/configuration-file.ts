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
 * Reads the one configuration file in effect: the file named by `requested` or by the variable, else the user's own, else
 * the system's. Root has only the system's: under sudo, HOME may be another user's, and a configuration names programs
 * that are run. Returns undefined without a file. Throws ERR_CONFIGURATION_UNUSABLE.
 */
export function findConfigurationFile(
  requested: string | false | undefined,
  environment: Environment,
): FoundFile | undefined {
  if (requested === false) return undefined;
  const named = requested ?? (environment[fileVariable] || undefined);
  if (named === noFile) return undefined;
  if (named !== undefined) return readNamed(resolve(named));
  const own = process.geteuid?.() === 0 ? undefined : userFile(environment);
  return (own === undefined ? undefined : readIfExists(own)) ?? readIfExists(systemFile);
}

// Git, ssh and curl treat it as "no file" as well.
const noFile = '/dev/null';

/** Returns a user's own file, undefined without a home. The XDG specification says to ignore a relative XDG_CONFIG_HOME. */
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

function readIfExists(path: string): FoundFile | undefined {
  try {
    return read(path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    // A home that is not a directory, or another user's (`su -m`), has no file of this user.
    const isAbsent =
      error.code === 'ENOENT' || error.code === 'ENOTDIR' || (error.code === 'EACCES' && !isVisible(path));
    if (isAbsent) return undefined;
    throw unreadable(path, error);
  }
}

const isErrno = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'errno' in error;

function isVisible(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}

function read(path: string): FoundFile {
  // Without O_NONBLOCK, opening a fifo would wait for a writer.
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
    const hint = `Name the file in it, such as ${join(path, 'config.json')}. (Docker's --config names a directory, Strata's a file.)`;
    throw configurationUnusable(path, 'is a directory', hint);
  }
  if (!stat.isFile()) throw configurationUnusable(path, 'is not a regular file', 'Name a regular file.');
  if ((stat.mode & constants.S_IWOTH) !== 0) {
    const hint = `Run 'chmod o-w ${path}': the file names programs that are run.`;
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
    'Name a configuration file; this one is too large to be one.',
  );
}

const unreadable = (path: string, error: NodeJS.ErrnoException): ReturnType<typeof configurationUnusable> =>
  configurationUnusable(
    path,
    `cannot be read (${error.code ?? error.message})`,
    hints[error.code ?? ''] ?? 'Name another file.',
    error,
  );

const hints: Readonly<Record<string, string>> = {
  ENOENT: 'Create the file, or name another one.',
  EACCES: `Make the file readable for your user, or write your own: ~/.config/strata/config.json.`,
};
