import { StrataError } from '../errors/index.ts';
import { checkArgument } from './command.ts';

/** Docker's PATH for Linux containers. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface EnvironmentOptions {
  /** `Env` of the image. */
  readonly image: readonly string[];
  /** The user's `NAME=value`; a bare `NAME` removes the variable. */
  readonly own: readonly string[];
  /** Host name without the domain. */
  readonly hostname: string;
  readonly terminal: boolean;
  /** The user's home directory. */
  readonly home: string;
}

const nameOf = (entry: string): string => {
  const end = entry.indexOf('=');
  return end < 0 ? entry : entry.slice(0, end);
};

function check(entry: string, whose: '' | 'image '): void {
  checkArgument(entry, `${whose}environment variable ${JSON.stringify(nameOf(entry).slice(0, 40))}`);
  if (nameOf(entry) !== '') return;
  throw new StrataError({
    code: 'ERR_ENVIRONMENT_INVALID',
    message: `${whose}environment variable: has no name`,
    hint: 'Write NAME=value.',
  });
}

/**
 * Returns `Env` of a container, as inspect shows it: the user's entries, the last one for each name, then the image's
 * entries of other names.
 */
export function mergeEnvironment(image: readonly string[], own: readonly string[]): string[] {
  const named = new Map(own.map((entry) => [nameOf(entry), entry]));
  return [...named.values(), ...image.filter((entry) => !named.has(nameOf(entry)))];
}

// PATH_MAX: no path is longer.
const maxHomeBytes = 4096;

/** Refuses a home directory that is not a path: /etc/passwd of an image may contain anything. */
function checkHome(home: string): string {
  if (!home.includes('\0') && home.length < maxHomeBytes) return home;
  throw new StrataError({
    code: 'ERR_USER_INVALID',
    message: `home directory ${JSON.stringify(home.slice(0, 100))} of the user in /etc/passwd: not a path`,
    hint: 'Set it in the environment: HOME=/.',
  });
}

/**
 * Returns the environment of a process: PATH, HOSTNAME and, at a terminal, TERM, unless image or user set them, and
 * HOME.
 * @throws ERR_ENVIRONMENT_INVALID, ERR_COMMAND_INVALID, ERR_USER_INVALID for a home directory that is not a path
 */
export function processEnvironment(options: EnvironmentOptions): string[] {
  for (const entry of options.image) check(entry, 'image ');
  for (const entry of options.own) check(entry, '');
  const variables = new Map<string, string>([
    ['PATH', `PATH=${defaultPath}`],
    ['HOSTNAME', `HOSTNAME=${options.hostname}`],
  ]);
  if (options.terminal) variables.set('TERM', 'TERM=xterm');
  for (const entry of mergeEnvironment(options.image, options.own)) {
    if (entry.includes('=')) variables.set(nameOf(entry), entry);
    else variables.delete(entry);
  }
  if (!variables.has('HOME')) variables.set('HOME', `HOME=${checkHome(options.home)}`);
  return [...variables.values()];
}
