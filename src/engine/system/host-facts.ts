import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, hostname, machine, totalmem } from 'node:os';

/** Facts about the machine, as `docker info` reports them. */
export interface HostFacts {
  readonly name: string;
  /** `Debian GNU/Linux 12 (bookworm)`, by os-release(5). `Linux` without such a file. */
  readonly operatingSystem: string;
  readonly osVersion: string;
  /** The kernel's name for it: `x86_64`. */
  readonly architecture: string;
  readonly processors: number;
  readonly memoryBytes: number;
  readonly forwardsIpv4: boolean;
  /** Control group controllers of either version: `memory`, `cpu`. */
  readonly controllers: readonly string[];
  /** True when the swap of a control group can be limited. */
  readonly limitsSwap: boolean;
}

export function hostFacts(): HostFacts {
  const release = parseOsRelease(textOf('/etc/os-release') || textOf('/usr/lib/os-release'));
  const groups = textOf('/proc/self/cgroup');
  const [, own = ''] = /^0::(.*)$/m.exec(groups) ?? [];
  return {
    name: hostname(),
    operatingSystem: release['PRETTY_NAME'] ?? 'Linux',
    osVersion: release['VERSION_ID'] ?? '',
    architecture: machine(),
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    forwardsIpv4: textOf('/proc/sys/net/ipv4/ip_forward').startsWith('1'),
    controllers: [
      ...controllersIn(groups),
      ...textOf('/sys/fs/cgroup/cgroup.controllers').split(/\s+/).filter(Boolean),
    ],
    limitsSwap:
      existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes') ||
      existsSync(`/sys/fs/cgroup${own}/memory.swap.max`),
  };
}

/** Returns the controllers of version 1, which mounts them one by one: `4:cpu,cpuacct:/`. */
const controllersIn = (groups: string): string[] =>
  groups.split('\n').flatMap((line) => (line.split(':')[1] ?? '').split(',').filter((name) => /^\w+$/.test(name)));

/** Parses the variables of os-release(5). */
export function parseOsRelease(text: string): Readonly<Record<string, string>> {
  const pairs = [...text.matchAll(/^([A-Z_0-9]+)=(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|(\S*))\s*$/gm)];
  return Object.fromEntries(
    pairs.map(([, name = '', double, single, bare]) => [name, double?.replace(/\\(.)/g, '$1') ?? single ?? bare ?? '']),
  );
}

/** Returns the text of a file. Empty for a file that is missing or may not be read. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
