import { StrataError } from '../errors/index.ts';

/** The limit of sethostname(2). */
const maxBytes = 64;

/**
 * Returns a valid host or domain name, which goes into /etc/hosts and the environment: letters, digits, `-`, `_` and
 * `.`, beginning and ending with a letter or digit.
 * @throws ERR_HOSTNAME_INVALID
 */
export function checkHostname(name: string): string {
  if (name.length <= maxBytes && /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(name)) return name;
  throw new StrataError({
    code: 'ERR_HOSTNAME_INVALID',
    message: `hostname ${JSON.stringify(name.slice(0, 100))}: invalid`,
    hint: 'Use up to 64 letters, digits, dots and hyphens.',
  });
}
