import type { LogConfig } from './supervised/log-config.ts';

/** A mount as docker's `--mount` describes it. */
export interface HostMount {
  readonly Type: string;
  /** Source of a bind: an absolute path on the host. */
  readonly Source?: string;
  /** Path in the container. */
  readonly Target: string;
  readonly ReadOnly?: boolean;
  readonly BindOptions?: HostBindOptions;
  /** Bytes, and permission bits. */
  readonly TmpfsOptions?: { readonly SizeBytes?: number; readonly Mode?: number };
}

export interface HostBindOptions {
  readonly Propagation?: string;
  readonly NonRecursive?: boolean;
  /** Makes only the mount itself read-only; mounts below it stay writable. */
  readonly ReadOnlyNonRecursive?: boolean;
  /** Requires mounts below to become read-only too, which they do wherever Strata runs. */
  readonly ReadOnlyForceRecursive?: boolean;
}

/** Limits of a process; -1 is unlimited. */
export interface HostUlimit {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

export interface HostDevice {
  readonly PathOnHost: string;
  readonly PathInContainer: string;
  /** Letters r, w and m (make nodes). */
  readonly CgroupPermissions: string;
}

/**
 * A container's access to the machine, as far as it differs from docker's defaults. Keys, units and forms are those of
 * docker's `HostConfig`; 0 and an empty text mean absent.
 */
export interface HostOptions {
  /** `SOURCE:DESTINATION[:MODE]`, both absolute. A missing source is created as a directory. */
  readonly Binds?: readonly string[];
  readonly Mounts?: readonly HostMount[];
  /** Options by destination: `size=64m,exec`. */
  readonly Tmpfs?: Readonly<Record<string, string>>;
  readonly CapAdd?: readonly string[];
  readonly CapDrop?: readonly string[];
  readonly Privileged?: boolean;
  /** See `readSecurityOptions`; a seccomp profile is given in full. */
  readonly SecurityOpt?: readonly string[];
  readonly MaskedPaths?: readonly string[];
  readonly ReadonlyPaths?: readonly string[];
  /** Runs an init program of the host that reaps orphaned processes of the container. */
  readonly Init?: boolean;
  /** Group names of the image, or numbers. */
  readonly GroupAdd?: readonly string[];
  /** `NAME:ADDRESS`. */
  readonly ExtraHosts?: readonly string[];
  readonly Dns?: readonly string[];
  readonly DnsOptions?: readonly string[];
  readonly DnsSearch?: readonly string[];
  readonly ShmSize?: number;
  readonly Ulimits?: readonly HostUlimit[];
  readonly Sysctls?: Readonly<Record<string, string>>;
  readonly Devices?: readonly HostDevice[];
  /** Maximum number of processes; -1 and 0 are unlimited. */
  readonly PidsLimit?: number;
  /** Bytes. Swap counts memory and swap together, -1 is unlimited. */
  readonly Memory?: number;
  readonly MemorySwap?: number;
  readonly MemoryReservation?: number;
  /** Billionths of a processor. */
  readonly NanoCpus?: number;
  readonly CpuShares?: number;
  /** Microseconds. */
  readonly CpuPeriod?: number;
  readonly CpuQuota?: number;
  readonly CpusetCpus?: string;
  readonly CpusetMems?: string;
  /** Path of the parent control group from the root of the hierarchies, instead of `/strata`. */
  readonly CgroupParent?: string;
  readonly OomScoreAdj?: number;
  /** `private`, `host`; IPC also `none` and `shareable`. */
  readonly IpcMode?: string;
  readonly PidMode?: string;
  readonly UTSMode?: string;
  /** Only `host`, the default. */
  readonly UsernsMode?: string;
  /** `runc`, also by containerd's name for it, or a runtime of the configuration; empty is the configured default. */
  readonly Runtime?: string;
  readonly LogConfig?: LogConfig;
  /** Copied into the runtime's document. */
  readonly Annotations?: Readonly<Record<string, string>>;
}
