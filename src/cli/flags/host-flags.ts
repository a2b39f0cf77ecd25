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
    .option(
      '-v, --volume <source:destination>',
      'Bind mount a path of this machine (append :ro for read only)',
      collect,
      [],
    )
    .option('--mount <type=…,…>', 'Attach a filesystem mount to the container: type=bind or type=tmpfs', collect, [])
    .option('--tmpfs <destination>', 'Mount a tmpfs directory', collect, [])
    .option('-m, --memory <bytes>', 'Memory limit (e.g. "512m")')
    .option('--memory-swap <bytes>', "Swap limit equal to memory plus swap: '-1' to enable unlimited swap")
    .option('--memory-reservation <bytes>', 'Memory soft limit')
    .option('--cpus <number>', 'Number of CPUs')
    .option('-c, --cpu-shares <weight>', 'CPU shares (relative weight)')
    .option('--cpu-period <microseconds>', 'Limit CPU CFS (Completely Fair Scheduler) period')
    .option('--cpu-quota <microseconds>', 'Limit CPU CFS (Completely Fair Scheduler) quota')
    .option('--cpuset-cpus <list>', 'CPUs in which to allow execution (0-3, 0,1)')
    .option('--cpuset-mems <list>', 'MEMs in which to allow execution (0-3, 0,1)')
    .option('--pids-limit <number>', 'Tune container pids limit (set -1 for unlimited)')
    .option('--ulimit <name=soft:hard>', 'Ulimit options', collect, [])
    .option('--shm-size <bytes>', 'Size of /dev/shm')
    .option('--oom-score-adj <number>', "Tune host's OOM preferences (-1000 to 1000)")
    .option('--cap-add <capability>', 'Add Linux capabilities', collect, [])
    .option('--cap-drop <capability>', 'Drop Linux capabilities', collect, [])
    .option('--privileged', 'Give extended privileges to this container')
    .option(
      '--security-opt <option>',
      'Security Options: seccomp=FILE|unconfined, no-new-privileges, systempaths=unconfined',
      collect,
      [],
    )
    .option('--device <path>', 'Add a host device to the container (HOST[:INSIDE][:rwm])', collect, [])
    .option('--sysctl <name=value>', 'Sysctl options', collect, [])
    .option('--init', 'Run an init inside the container that forwards signals and reaps processes')
    .option('--group-add <group>', 'Add additional groups to join', collect, [])
    .option('--add-host <name:address>', 'Add a custom host-to-IP mapping (host:ip)', collect, [])
    .option('--dns <address>', 'Set custom DNS servers', collect, [])
    .option('--dns-search <domain>', 'Set custom DNS search domains', collect, [])
    .option('--dns-option <option>', 'Set DNS options', collect, [])
    .addOption(command.createOption('--dns-opt <option>').hideHelp().argParser(collect).default([]))
    .option('--cgroup-parent <group>', 'Optional parent cgroup for the container')
    .option('--ipc <mode>', 'IPC mode to use: "private", "host" or "none"')
    .option('--pid <mode>', 'PID namespace to use: "private" or "host"')
    .option('--uts <mode>', 'UTS namespace to use: "private" or "host"')
    .option('--userns <mode>', 'User namespace to use: only "host"')
    .option('--runtime <name>', 'Runtime to use for this container: "runc", or one of the configuration')
    .option('--log-driver <name>', 'Logging driver for the container: "json-file", "local" (the same) or "none"')
    .option('--log-opt <name=value>', 'Log driver options: max-size', collect, [])
    .option(
      '--annotation <name=value>',
      'Add an annotation to the container (passed through to the OCI runtime)',
      collect,
      [],
    );
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
    // An empty value is the default, as in docker.
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
