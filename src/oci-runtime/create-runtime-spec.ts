import type { RunConfig } from '../spec/config.ts';
import { type CapabilityOptions, resolveCapabilities } from './capabilities.ts';
import { defaultSeccomp } from './default-seccomp.ts';
import {
  defaultMaskedPaths,
  defaultMounts,
  defaultReadonlyPaths,
  defaultShmSizeBytes,
  runtimeSpecVersion,
} from './defaults.ts';
import { checkHostname } from './hostname.ts';
import { type ContainerMount, combineMounts, destinationOf, rootPropagationOf } from './mounts.ts';
import { type NetworkMode, networkProperties } from './network-mode.ts';
import { createProcess, type ProcessOptions } from './process.ts';
import { type ContainerDevice, type ResourceOptions, resourcesOf } from './resources.ts';
import { resolveSeccompProfile, type SeccompProfile } from './seccomp-profile.ts';
import type { SeccompMachine } from './seccomp-rules.ts';
import type { DeviceSpec, LinuxSpec, RuntimeSpec, SeccompSpec } from './spec.ts';
import { resolveSysctls } from './sysctls.ts';

/** Properties of the machine, read by the caller: this folder reads no file. */
export interface Machine {
  readonly architecture: SeccompMachine;
  /** `uname -r`. */
  readonly kernelRelease: string;
  /** Text of /sys/devices/system/cpu/possible. */
  readonly possibleCpus: string;
  /** The engine's own bounding set, when it may lack some. */
  readonly capabilities?: readonly string[] | undefined;
  /** True with control groups of version 2: the container gets a namespace of its own for them, as with docker. */
  readonly hasUnifiedCgroups: boolean;
}

/** A container's options, as far as they differ from its image and docker's defaults. */
export interface ContainerOptions extends Omit<ProcessOptions, 'capabilities' | 'initCommand'> {
  /** Absolute path of the root filesystem. */
  readonly rootPath: string;
  readonly machine: Machine;
  readonly domainname?: string | undefined;
  readonly readonlyRootfs?: boolean | undefined;
  /** An empty network of its own, the host's, or an existing one. */
  readonly network?: NetworkMode | { readonly namespacePath: string } | undefined;
  readonly mounts?: readonly ContainerMount[] | undefined;
  readonly shmSizeBytes?: number | undefined;
  readonly capabilities?: Pick<CapabilityOptions, 'add' | 'drop'> | undefined;
  /** Gives all capabilities and devices, no filter, nothing masked. The caller lists the devices. */
  readonly privileged?: boolean | undefined;
  /** Docker's default profile when absent. */
  readonly seccomp?: 'unconfined' | SeccompProfile | undefined;
  /** Replaces docker's list. */
  readonly maskedPaths?: readonly string[] | undefined;
  readonly readonlyPaths?: readonly string[] | undefined;
  /** Namespaces shared with the host. The host's IPC includes its /dev/shm. */
  readonly hostNamespaces?: readonly ('ipc' | 'pid' | 'uts')[] | undefined;
  /** False leaves /dev/shm out. */
  readonly hasShm?: boolean | undefined;
  /** The user's annotations. */
  readonly annotations?: { readonly [name: string]: string } | undefined;
  readonly sysctls?: { readonly [name: string]: string } | undefined;
  readonly devices?: readonly ContainerDevice[] | undefined;
  readonly resources?: ResourceOptions | undefined;
  readonly cgroupsPath?: string | undefined;
  /** Path on the host of a static init program, bound into the container and put before the command. */
  readonly initPath?: string | undefined;
}

const initDestination = '/sbin/docker-init';

function namespacesOf({ network = 'none', machine, hostNamespaces = [] }: ContainerOptions): LinuxSpec['namespaces'] {
  const own = (['uts', 'pid', 'ipc'] as const).filter((type) => !hostNamespaces.includes(type));
  return [
    { type: 'mount' },
    ...(sharesHostNetwork(network) ? [] : [networkNamespaceOf(network)]),
    ...own.map((type) => ({ type })),
    ...(machine.hasUnifiedCgroups ? [{ type: 'cgroup' as const }] : []),
  ];
}

type Network = NonNullable<ContainerOptions['network']>;

const sharesHostNetwork = (network: Network = 'none'): boolean =>
  typeof network === 'string' && networkProperties(network).isHosts;

const networkNamespaceOf = (network: Network): LinuxSpec['namespaces'][number] =>
  typeof network === 'string' ? { type: 'network' } : { type: 'network', path: network.namespacePath };

const nodeOf = ({ path, type, major, minor, fileMode, uid, gid }: DeviceSpec): DeviceSpec => ({
  path,
  type,
  major,
  minor,
  fileMode,
  uid,
  gid,
});

function seccompOf(options: ContainerOptions, capabilities: readonly string[]): SeccompSpec | undefined {
  const { seccomp, privileged } = options;
  const { architecture: machine, kernelRelease } = options.machine;
  const situation = { capabilities, machine, kernelRelease };
  if (typeof seccomp === 'object') return resolveSeccompProfile(seccomp, situation);
  return seccomp === 'unconfined' || privileged === true ? undefined : defaultSeccomp(situation);
}

function linuxOf(options: ContainerOptions, capabilities: readonly string[]): LinuxSpec {
  const privileged = options.privileged ?? false;
  const { devices = [], domainname = '' } = options;
  const seccomp = seccompOf(options, capabilities);
  const rootfsPropagation = rootPropagationOf(options.mounts ?? []);
  return {
    namespaces: namespacesOf(options),
    ...(devices.length === 0 ? {} : { devices: devices.map(nodeOf) }),
    resources: resourcesOf(options.resources ?? {}, devices, privileged),
    ...(options.cgroupsPath === undefined ? {} : { cgroupsPath: options.cgroupsPath }),
    sysctl: {
      ...resolveSysctls(
        options.sysctls ?? {},
        sharesHostNetwork(options.network),
        options.hostNamespaces?.includes('ipc') === true,
      ),
      // The document has no field for the domain name before version 1.1 of the specification.
      ...(domainname === '' ? {} : { 'kernel.domainname': checkHostname(domainname) }),
    },
    ...(seccomp === undefined ? {} : { seccomp }),
    ...(rootfsPropagation === undefined ? {} : { rootfsPropagation }),
    maskedPaths: options.maskedPaths ?? (privileged ? [] : defaultMaskedPaths(options.machine.possibleCpus)),
    readonlyPaths: options.readonlyPaths ?? (privileged ? [] : defaultReadonlyPaths),
  };
}

const hostShm: ContainerMount = { type: 'bind', source: '/dev/shm', destination: '/dev/shm' };

function mountsOf(options: ContainerOptions): RuntimeSpec['mounts'] {
  const init: ContainerMount[] =
    options.initPath === undefined
      ? []
      : [{ type: 'bind', source: options.initPath, destination: initDestination, readonly: true, recursive: false }];
  const defaults = defaultMounts(options.shmSizeBytes ?? defaultShmSizeBytes, options.privileged ?? false);
  const own = options.mounts ?? [];
  const isTaken = (destination: string): boolean => own.some((mount) => destinationOf(mount) === destination);
  const isHostIpc = options.hostNamespaces?.includes('ipc') === true;
  const shared = isHostIpc && !isTaken('/dev/shm') ? [hostShm] : [];
  return combineMounts(
    defaults.filter(({ destination }) => destination !== '/dev/shm' || options.hasShm !== false),
    [...init, ...shared, ...own],
    options.readonlyRootfs ?? false,
  );
}

/**
 * Returns the runtime's document for a container of an image, as docker would write it. Labels, the image's or the
 * user's, are left out: an image's labels must never make the host act (CVE-2026-53488), and runtimes act on
 * annotations.
 * @throws ERR_CAPABILITY_UNKNOWN, ERR_CAPABILITY_UNAVAILABLE, ERR_MOUNT_INVALID, ERR_SYSCTL_INVALID, and the errors of
 * {@link createProcess}
 */
export function createRuntimeSpec(image: RunConfig, options: ContainerOptions): RuntimeSpec {
  const capabilities = resolveCapabilities({
    ...options.capabilities,
    privileged: options.privileged,
    available: options.machine.capabilities,
  });
  const process = createProcess(image, {
    ...options,
    capabilities,
    initCommand: options.initPath === undefined ? undefined : [initDestination, '--'],
  });
  return {
    ociVersion: runtimeSpecVersion,
    process,
    root: { path: options.rootPath, readonly: options.readonlyRootfs ?? false },
    ...(options.hostNamespaces?.includes('uts') === true ? {} : { hostname: checkHostname(options.hostname) }),
    mounts: mountsOf(options),
    linux: linuxOf(options, capabilities),
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
  };
}
