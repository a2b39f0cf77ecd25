import { readFileSync } from 'node:fs';
import { errnoOf } from '../sys/errno.ts';

export interface EtcOptions {
  readonly hostname: string;
  readonly network: 'none' | 'host';
}

const loopback = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'ff00::0\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
];

/** What docker lays over the image's /etc: host name, hosts and resolver, by path in the container. */
export function etcFiles({ hostname, network }: EtcOptions): Record<string, string> {
  return {
    '/etc/hostname': `${hostname}\n`,
    '/etc/hosts': network === 'host' ? readOwn('/etc/hosts') : `${loopback.join('\n')}\n`,
    '/etc/resolv.conf': readOwn('/etc/resolv.conf'),
  };
}

function readOwn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}
