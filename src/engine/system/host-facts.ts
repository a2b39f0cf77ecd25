import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, hostname, machine, totalmem } from 'node:os';

/** What programs ask about the machine before they begin. */
export interface HostFacts {
  readonly name: string;
  /** `Debian GNU/Linux 12 (bookworm)`; `Linux` where no file says. */
  readonly operatingSystem: string;
  readonly osVersion: string;
  /** The kernel's name of it: `x86_64`. */
  readonly architecture: string;
  readonly processors: number;
  readonly memoryBytes: number;
  readonly forwardsIpv4: boolean;
  /** Controllers of control groups, of either version: `memory`, `cpu`. */
  readonly controllers: readonly string[];
  /** Whether swap of a control group can be limited. */
  readonly limitsSwap: boolean;
}

export function hostFacts(): HostFacts {
  const release = osRelease(textOf('/etc/os-release') || textOf('/usr/lib/os-release'));
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

/** Version 1 mounts controllers one by one: `4:cpu,cpuacct:/`. */
const controllersIn = (groups: string): string[] =>
  groups.split('\n').flatMap((line) => (line.split(':')[1] ?? '').split(',').filter((name) => /^\w+$/.test(name)));

/** Variables of os-release(5). */
export function osRelease(text: string): Readonly<Record<string, string>> {
  const pairs = [...text.matchAll(/^([A-Z_0-9]+)=(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|(\S*))\s*$/gm)];
  return Object.fromEntries(
    pairs.map(([, name = '', double, single, bare]) => [name, double?.replace(/\\(.)/g, '$1') ?? single ?? bare ?? '']),
  );
}

/** Empty for a file that is not there or may not be read. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
