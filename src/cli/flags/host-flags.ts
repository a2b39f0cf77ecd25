import type { Command } from 'commander';
import type { HostOptions, LogConfig } from '../../engine/index.ts';
import {
  parseAddress,
  parseBytes,
  parseBytesOrUnlimited,
  parseDevice,
  parseDnsOption,
  parseExtraHost,
  parseInteger,
  parseNanoCpus,
  parsePair,
  parseSearchDomain,
  parseSysctl,
  parseUlimit,
  readFlag,
} from './flag-values.ts';
import { collect } from './flags.ts';
import { parseMountFlag } from './mount-flag.ts';
import { readSecurityOptions } from './security-flag.ts';
import { parseVolumeFlag } from './volume-flag.ts';

/** Values of the flags of `run` and `create` for the machine's part in a container, as given. */
export interface HostFlags {
  readonly volume: readonly string[];
  readonly mount: readonly string[];
  readonly tmpfs: readonly string[];
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly privileged?: boolean;
  readonly securityOpt: readonly string[];
  readonly init?: boolean;
  readonly groupAdd: readonly string[];
  readonly addHost: readonly string[];
  readonly dns: readonly string[];
  readonly dnsOption: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly shmSize?: string;
  readonly ulimit: readonly string[];
  readonly sysctl: readonly string[];
  readonly device: readonly string[];
  readonly pidsLimit?: string;
  readonly memory?: string;
  readonly memorySwap?: string;
  readonly memoryReservation?: string;
  readonly cpus?: string;
  readonly cpuShares?: string;
  readonly cpuPeriod?: string;
  readonly cpuQuota?: string;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly oomScoreAdj?: string;
  readonly cgroupParent?: string;
  readonly ipc?: string;
  readonly pid?: string;
  readonly uts?: string;
  readonly userns?: string;
  readonly runtime?: string;
  readonly logDriver?: string;
  readonly logOpt: readonly string[];
  readonly annotation: readonly string[];
}

export function defineHostFlags(command: Command): void {
  command
    .option('-v, --volume <source:destination>', 'mount a path of this machine; :ro read-only', collect, [])
    .option('--mount <type=…,…>', 'the same in words: type=bind or type=tmpfs', collect, [])
    .option('--tmpfs <destination>', 'mount memory; options behind a colon', collect, [])
    .option('-m, --memory <bytes>', 'limit of memory, as in 512m')
    .option('--memory-swap <bytes>', 'memory and swap together, -1 for no limit')
    .option('--memory-reservation <bytes>', 'soft limit of memory')
    .option('--cpus <number>', 'number of processors it may use')
    .option('-c, --cpu-shares <weight>', 'weight beside others, 1024 being normal')
    .option('--cpu-period <microseconds>', 'period of the quota')
    .option('--cpu-quota <microseconds>', 'processor time in each period (quota)')
    .option('--cpuset-cpus <list>', 'processors to run on, as in 0-2,5')
    .option('--cpuset-mems <list>', 'memory nodes to use')
    .option('--pids-limit <number>', 'limit of processes and threads, -1 for no limit')
    .option('--ulimit <name=soft:hard>', 'limit of each process', collect, [])
    .option('--shm-size <bytes>', 'size of /dev/shm')
    .option('--oom-score-adj <number>', 'preference of the kernel to kill it when memory runs out: -1000 to 1000')
    .option('--cap-add <capability>', 'add a capability, or ALL', collect, [])
    .option('--cap-drop <capability>', 'drop a capability, or ALL', collect, [])
    .option('--privileged', 'give extended privileges to the container')
    .option(
      '--security-opt <option>',
      'seccomp=FILE|unconfined, no-new-privileges, systempaths=unconfined',
      collect,
      [],
    )
    .option('--device <path>', 'add a device of this machine: HOST[:INSIDE][:rwm]', collect, [])
    .option('--sysctl <name=value>', 'setting of its own kernel namespaces', collect, [])
    .option('--init', 'have an init program reap its processes')
    .option('--group-add <group>', 'additional group', collect, [])
    .option('--add-host <name:address>', 'line of /etc/hosts', collect, [])
    .option('--dns <address>', 'name server', collect, [])
    .option('--dns-search <domain>', 'domain to search, . for none', collect, [])
    .option('--dns-option <option>', 'option of the resolver', collect, [])
    .addOption(command.createOption('--dns-opt <option>').hideHelp().argParser(collect).default([]))
    .option('--cgroup-parent <group>', 'parent control group of the container')
    .option('--ipc <mode>', 'private, host or none')
    .option('--pid <mode>', 'private or host')
    .option('--uts <mode>', 'private or host')
    .option('--userns <mode>', 'host')
    .option('--runtime <name>', 'runc, or another that the configuration names')
    .option('--log-driver <name>', 'logging driver: json-file or local, which are the same, or none')
    .option('--log-opt <name=value>', 'max-size=10m: how large a log may become before it is begun anew', collect, [])
    .option('--annotation <name=value>', 'annotation for the runtime', collect, []);
}

/**
 * Reads the flags into docker's form, without the fields that were not given. Throws ERR_USAGE,
 * ERR_SECURITY_OPTION_INVALID, and the signal's reason.
 */
export async function readHostOptions(
  command: Command,
  flags: HostFlags & { readonly dnsOpt?: readonly string[] },
  signal: AbortSignal,
): Promise<HostOptions> {
  const each = <Value>(flag: string, texts: readonly string[], read: (text: string) => Value): Value[] =>
    texts.map((text) => readFlag(command, flag, text, read));
  const asIs = (text: string): string => text;
  const lists = {
    Binds: flags.volume.map(parseVolumeFlag),
    Mounts: each('--mount', flags.mount, parseMountFlag),
    CapAdd: flags.capAdd,
    CapDrop: flags.capDrop,
    GroupAdd: flags.groupAdd,
    ExtraHosts: each('--add-host', flags.addHost, parseExtraHost),
    Dns: each('--dns', flags.dns, parseAddress),
    DnsSearch: each('--dns-search', flags.dnsSearch, parseSearchDomain),
    DnsOptions: each('--dns-option', [...flags.dnsOption, ...(flags.dnsOpt ?? [])], parseDnsOption),
    Ulimits: each('--ulimit', flags.ulimit, parseUlimit),
    Devices: each('--device', flags.device, parseDevice),
  };
  const maps = {
    Tmpfs: flags.tmpfs.map(splitTmpfs),
    Sysctls: each('--sysctl', flags.sysctl, parseSysctl),
    Annotations: each('--annotation', flags.annotation, parsePair),
  };
  const one = <Value>(flag: string, text: string | undefined, read: (text: string) => Value): Value | undefined =>
    text === undefined ? undefined : readFlag(command, flag, text, read);
  const values = {
    Memory: one('-m, --memory', flags.memory, parseBytes),
    MemorySwap: one('--memory-swap', flags.memorySwap, parseBytesOrUnlimited),
    MemoryReservation: one('--memory-reservation', flags.memoryReservation, parseBytes),
    NanoCpus: one('--cpus', flags.cpus, parseNanoCpus),
    CpuShares: one('-c, --cpu-shares', flags.cpuShares, parseInteger),
    CpuPeriod: one('--cpu-period', flags.cpuPeriod, parseInteger),
    CpuQuota: one('--cpu-quota', flags.cpuQuota, parseInteger),
    CpusetCpus: one('--cpuset-cpus', flags.cpusetCpus, asIs),
    CpusetMems: one('--cpuset-mems', flags.cpusetMems, asIs),
    PidsLimit: one('--pids-limit', flags.pidsLimit, parseInteger),
    ShmSize: one('--shm-size', flags.shmSize, parseBytes),
    OomScoreAdj: one('--oom-score-adj', flags.oomScoreAdj, parseInteger),
    CgroupParent: flags.cgroupParent,
    IpcMode: flags.ipc,
    PidMode: flags.pid,
    UTSMode: flags.uts,
    UsernsMode: flags.userns,
    // As in docker, an empty value is the default.
    Runtime: flags.runtime || undefined,
    LogConfig: logConfig(flags),
    Privileged: flags.privileged,
    Init: flags.init,
  };
  return {
    ...pickEntries(lists, ([, list]) => list.length > 0),
    ...pickEntries(values, ([, value]) => value !== undefined),
    ...Object.fromEntries(
      Object.entries(maps).flatMap(([key, pairs]) => (pairs.length === 0 ? [] : [[key, Object.fromEntries(pairs)]])),
    ),
    ...(await readSecurityOptions(flags.securityOpt, signal)),
  };
}

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : a > b ? 1 : 0);

function logConfig({ logDriver = '', logOpt }: HostFlags): LogConfig | undefined {
  if (logDriver === '' && logOpt.length === 0) return undefined;
  const options = logOpt.map((option): readonly [string, string] => {
    const [name = ''] = option.split('=', 1);
    return [name, option.slice(name.length + 1)];
  });
  return { Type: logDriver, Config: Object.fromEntries(options.toSorted(byName)) };
}

function splitTmpfs(text: string): readonly [string, string] {
  const [destination = ''] = text.split(':', 1);
  return [destination, text.slice(destination.length + 1)];
}

/** Returns the entries that pass the test. */
function pickEntries<Values extends object>(
  values: Values,
  passes: (entry: [string, Values[keyof Values]]) => boolean,
): { readonly [Key in keyof Values]?: Exclude<Values[Key], undefined> } {
  const entries = Object.entries(values) as [string, Values[keyof Values]][];
  return Object.fromEntries(entries.filter(passes)) as { [Key in keyof Values]?: Exclude<Values[Key], undefined> };
}
