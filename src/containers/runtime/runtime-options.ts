import { existsSync } from 'node:fs';
import type { ContainerOptions, Machine } from '../../oci-runtime/create-runtime-spec.ts';
import type { ContainerMount } from '../../oci-runtime/mounts.ts';
import type { ResourceOptions } from '../../oci-runtime/resources.ts';
import { readSecurityOptions } from '../../oci-runtime/security-options.ts';
import { requireProgram } from '../../sys/find-program.ts';
import type { HostOptions } from '../host-options.ts';
import { hostDevices } from '../mounts/devices.ts';
import { hostMounts } from '../mounts/host-mounts.ts';
import type { ContainerDefinition } from '../state.ts';
import { controlGroupOf } from './runtime-commands.ts';

export interface RuntimeOptionsInput {
  readonly id: string;
  readonly machine: Machine;
  /** The engine's own mounts, see `writeEtcFiles`. */
  readonly ownMounts: readonly ContainerMount[];
}

type RuntimeOptions = Omit<ContainerOptions, 'user' | 'rootPath'>;

/**
 * Returns the runtime's options for a definition, on this host and now; the process itself (command, environment, user)
 * is in its `config`. Throws ERR_DEVICE_UNUSABLE, ERR_PROGRAM_MISSING for `--init` without tini, and the errors of
 * {@link definitionOptions}.
 */
export function runtimeOptions(definition: ContainerDefinition, input: RuntimeOptionsInput): RuntimeOptions {
  const { host } = definition;
  return {
    ...definitionOptions(definition, input),
    devices: hostDevices(host),
    // The static program, because an image may have no libraries. In the host's PID namespace another process reaps
    // orphans, as with docker.
    ...(host.Init === true && host.PidMode !== 'host' ? { initPath: requireProgram('tini-static', 'tini') } : {}),
  };
}

/**
 * Returns the options that depend on the definition alone, not on the host. Throws ERR_MOUNT_INVALID,
 * ERR_NOT_SUPPORTED_YET, ERR_SECURITY_OPTION_INVALID and ERR_SECCOMP_PROFILE_INVALID.
 */
export function definitionOptions(
  { config, host }: ContainerDefinition,
  { id, machine, ownMounts }: RuntimeOptionsInput,
): RuntimeOptions {
  const [height = 0, width = 0] = host.ConsoleSize ?? [];
  const modes = { ipc: host.IpcMode, pid: host.PidMode, uts: host.UTSMode };
  return {
    hostname: config.Hostname,
    domainname: config.Domainname,
    network: host.NetworkMode,
    machine,
    terminal: config.Tty,
    consoleSize: height === 0 || width === 0 ? undefined : { height, width },
    readonlyRootfs: host.ReadonlyRootfs,
    mounts: [...ownMounts, ...hostMounts(host)],
    cgroupsPath: controlGroupOf(id, host.CgroupParent),
    capabilities: { add: host.CapAdd ?? [], drop: host.CapDrop ?? [] },
    privileged: host.Privileged,
    ...readSecurityOptions(host.SecurityOpt ?? []),
    maskedPaths: host.MaskedPaths,
    readonlyPaths: host.ReadonlyPaths,
    hostNamespaces: (['ipc', 'pid', 'uts'] as const).filter((name) => modes[name] === 'host'),
    hasShm: host.IpcMode !== 'none',
    shmSizeBytes: orNothing(host.ShmSize),
    sysctls: host.Sysctls,
    ulimits: (host.Ulimits ?? []).map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard })),
    oomScoreAdj: orNothing(host.OomScoreAdj),
    resources: resourcesOf(host),
    annotations: host.Annotations,
  };
}

/** Reads docker's 0 as "not set". */
const orNothing = (number: number | undefined): number | undefined => (number === 0 ? undefined : number);

function resourcesOf(host: HostOptions): ResourceOptions {
  const memoryBytes = orNothing(host.Memory);
  const nanoCpus = orNothing(host.NanoCpus);
  return {
    memoryBytes,
    memorySwapBytes: orNothing(host.MemorySwap),
    swapAccounting: memoryBytes === undefined || countsSwap(),
    memoryReservationBytes: orNothing(host.MemoryReservation),
    cpus: nanoCpus === undefined ? undefined : nanoCpus / 1e9,
    cpuShares: orNothing(host.CpuShares),
    cpuPeriod: orNothing(host.CpuPeriod),
    cpuQuota: orNothing(host.CpuQuota),
    cpusetCpus: host.CpusetCpus || undefined,
    cpusetMems: host.CpusetMems || undefined,
    pidsLimit: host.PidsLimit === undefined ? undefined : orNothing(Math.max(host.PidsLimit, -1)),
  };
}

// Version 2 accounts swap in every group below the root, or in none.
const countsSwap = (): boolean =>
  !existsSync('/sys/fs/cgroup/memory') || existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes');
