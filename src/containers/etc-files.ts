import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ContainerMount } from '../oci-runtime/mounts.ts';
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

/** Writes such files into `directory`, made if need be, and answers how they are laid over the image's. */
export function writeEtcFiles(directory: string, files: Readonly<Record<string, string>>): ContainerMount[] {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return Object.entries(files).map(([destination, content]) => {
    const source = join(directory, basename(destination));
    writeFileSync(source, content, { mode: 0o644 });
    return { type: 'bind', source, destination, readonly: false, recursive: false, isOwn: true };
  });
}

function readOwn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}
