import { StrataError } from '../errors/index.ts';

/** sethostname(2) takes 64 bytes. */
const maxBytes = 64;

/**
 * Checks a host or domain name, which ends up in /etc/hosts and the environment: letters, digits, `-`, `_` and `.`,
 * the ends being letters or digits.
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
