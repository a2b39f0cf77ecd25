import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ContainerMount } from '../../oci-runtime/mounts.ts';
import { type NetworkMode, networkProperties } from '../../oci-runtime/network-mode.ts';
import { ifThere } from '../../sys/if-there.ts';
import type { HostOptions } from '../host-options.ts';

/** The `HostOptions` that these files contain. */
type NameOptions = Pick<HostOptions, 'ExtraHosts' | 'Dns' | 'DnsSearch' | 'DnsOptions'>;

export interface EtcOptions {
  readonly hostname: string;
  readonly network: NetworkMode;
  readonly host?: NameOptions;
}

const loopback = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'ff00::0\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
];

/**
 * Returns the files that docker mounts over the image's /etc (host name, hosts and resolver), by path in the container.
 */
export function etcFiles({ hostname, network, host = {} }: EtcOptions): Record<string, string> {
  const hosts = networkProperties(network).isHosts ? readOwn('/etc/hosts') : `${loopback.join('\n')}\n`;
  return {
    '/etc/hostname': `${hostname}\n`,
    '/etc/hosts': `${hosts}${(host.ExtraHosts ?? []).map((entry) => hostLine(entry, network)).join('')}`,
    '/etc/resolv.conf': resolver(readOwn('/etc/resolv.conf'), host),
  };
}

/**
 * Formats `NAME:ADDRESS` as a line of /etc/hosts; an IPv6 address may be in brackets. `host-gateway`, this machine, is
 * the loopback address where the network reaches the host, and is left out elsewhere.
 */
function hostLine(entry: string, network: NetworkMode): string {
  const end = entry.indexOf(':');
  const given = entry.slice(end + 1).replace(/^\[(.*)\]$/, '$1');
  if (given === 'host-gateway' && !networkProperties(network).reachesHost) return '';
  return `${given === 'host-gateway' ? '127.0.0.1' : given}\t${entry.slice(0, end)}\n`;
}

/** Returns the host's resolver configuration; requested values replace the host's of the same kind. */
function resolver(own: string, { Dns = [], DnsSearch = [], DnsOptions = [] }: NameOptions): string {
  if (Dns.length + DnsSearch.length + DnsOptions.length === 0) return own;
  const replaced = [
    ...(Dns.length > 0 ? ['nameserver'] : []),
    ...(DnsSearch.length > 0 ? ['search', 'domain'] : []),
    ...(DnsOptions.length > 0 ? ['options'] : []),
  ];
  const kept = own.split('\n').filter((line) => line !== '' && !replaced.includes(line.split(/\s/, 1)[0] ?? ''));
  // A lone dot means an empty search list.
  const search = DnsSearch.filter((domain) => domain !== '.');
  return `${[
    ...kept,
    ...Dns.map((address) => `nameserver ${address}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(DnsOptions.length > 0 ? [`options ${DnsOptions.join(' ')}`] : []),
  ].join('\n')}\n`;
}

/** Writes such files into `directory`, which is created if it is missing; returns their mounts. */
export function writeEtcFiles(directory: string, files: Readonly<Record<string, string>>): ContainerMount[] {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return Object.entries(files).map(([destination, content]) => {
    const source = join(directory, basename(destination));
    writeFileSync(source, content, { mode: 0o644 });
    return etcMount(source, destination);
  });
}

/** Returns the mounts of the files that {@link writeEtcFiles} has written into `directory` before. */
export const findEtcFiles = (directory: string): ContainerMount[] =>
  ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'].flatMap((destination) => {
    const source = join(directory, basename(destination));
    return existsSync(source) ? [etcMount(source, destination)] : [];
  });

const etcMount = (source: string, destination: string): ContainerMount => ({
  type: 'bind',
  source,
  destination,
  readonly: false,
  recursive: false,
  isOwn: true,
});

function readOwn(path: string): string {
  return ifThere(() => readFileSync(path, 'utf8')) ?? '';
}
