import { defaultDomain } from './familiar.ts';
import { splitHostPort } from './grammar.ts';

/** Returns the host of a registry's API. Docker Hub's differs from its domain. */
export const apiHost = (domain: string): string => (domain === defaultDomain ? 'registry-1.docker.io' : domain);

/** Returns the key of a registry's credentials in docker's `config.json`. */
export const credentialKey = (domain: string): string =>
  domain === defaultDomain ? 'https://index.docker.io/v1/' : domain;

function ipv6Groups(text: string): readonly number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  return groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : undefined;
}

/** True for `localhost`, 127.0.0.0/8 and ::1 (also as IPv4-mapped), with any port. Looks no name up. */
export function isLoopback(domain: string): boolean {
  const { host } = splitHostPort(domain);
  if (host.toLowerCase() === 'localhost') return true;
  const ipv4 = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host);
  if (ipv4 !== null) return ipv4.slice(1).every((part) => Number(part) < 256);
  if (!host.startsWith('[') || !host.endsWith(']')) return false;
  const groups = ipv6Groups(host.slice(1, -1));
  if (groups?.slice(0, 5).every((group) => group === 0) !== true) return false;
  const [sixth = 0, seventh = 0, eighth = 0] = groups.slice(5);
  return sixth === 0xffff ? seventh >> 8 === 127 : sixth === 0 && seventh === 0 && eighth === 1;
}
