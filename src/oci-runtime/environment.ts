import { StrataError } from '../errors/index.ts';
import { checkArgument } from './command.ts';

/** Docker's PATH for Linux containers. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface EnvironmentOptions {
  /** `Env` of the image. */
  readonly image: readonly string[];
  /** The user's `NAME=value`; a bare `NAME` takes the variable away. */
  readonly own: readonly string[];
  /** Without its domain. */
  readonly hostname: string;
  readonly terminal: boolean;
  /** The user's home directory. */
  readonly home: string;
}

const nameOf = (entry: string): string => {
  const end = entry.indexOf('=');
  return end < 0 ? entry : entry.slice(0, end);
};

function check(entry: string, whose: string): void {
  checkArgument(entry, `${whose} environment variable ${JSON.stringify(nameOf(entry).slice(0, 40))}`);
  if (nameOf(entry) !== '') return;
  throw new StrataError({
    code: 'ERR_ENVIRONMENT_INVALID',
    message: `${whose} environment variable: has no name`,
    hint: 'Write NAME=value.',
  });
}

/**
 * `Env` of a container, as inspect shows it: the user's entries, of which the last of a name counts, then those of the image
 * that they do not name.
 */
export function mergeEnvironment(image: readonly string[], own: readonly string[]): string[] {
  const named = new Map(own.map((entry) => [nameOf(entry), entry]));
  return [...named.values(), ...image.filter((entry) => !named.has(nameOf(entry)))];
}

// PATH_MAX: nothing has a longer path.
const maxHomeBytes = 4096;

/** An image's /etc/passwd may say anything. */
function usable(home: string): string {
  if (!home.includes('\0') && home.length < maxHomeBytes) return home;
  throw new StrataError({
    code: 'ERR_USER_INVALID',
    message: `home directory ${JSON.stringify(home.slice(0, 100))} of the user in /etc/passwd: not a path`,
    hint: 'Say where it is in the environment: HOME=/.',
  });
}

/**
 * The environment of a process: PATH, HOSTNAME and, at a terminal, TERM, unless image or user say otherwise, and HOME.
 * @throws ERR_ENVIRONMENT_INVALID, ERR_COMMAND_INVALID, ERR_USER_INVALID for a home directory that is no path
 */
export function processEnvironment(options: EnvironmentOptions): string[] {
  for (const entry of options.image) check(entry, 'image');
  for (const entry of options.own) check(entry, 'own');
  const variables = new Map<string, string>([
    ['PATH', `PATH=${defaultPath}`],
    ['HOSTNAME', `HOSTNAME=${options.hostname}`],
  ]);
  if (options.terminal) variables.set('TERM', 'TERM=xterm');
  for (const entry of mergeEnvironment(options.image, options.own)) {
    if (entry.includes('=')) variables.set(nameOf(entry), entry);
    else variables.delete(entry);
  }
  if (!variables.has('HOME')) variables.set('HOME', `HOME=${usable(options.home)}`);
  return [...variables.values()];
}
