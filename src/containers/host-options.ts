import type { LogConfig } from './supervised/log-config.ts';

/** A mount as docker's `--mount` describes it. */
export interface HostMount {
  readonly Type: string;
  /** Of a bind: absolute, on the host. */
  readonly Source?: string;
  /** In the container. */
  readonly Target: string;
  readonly ReadOnly?: boolean;
  readonly BindOptions?: HostBindOptions;
  /** Bytes, and permission bits. */
  readonly TmpfsOptions?: { readonly SizeBytes?: number; readonly Mode?: number };
}

export interface HostBindOptions {
  readonly Propagation?: string;
  readonly NonRecursive?: boolean;
  /** Read-only itself, while what is mounted below stays writable. */
  readonly ReadOnlyNonRecursive?: boolean;
  /** What is mounted below has to become read-only too, which it does wherever Strata runs. */
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
  /** Made of r, w and m (make nodes). */
  readonly CgroupPermissions: string;
}

/**
 * What a container gets of the machine beyond docker's defaults. Keys, units and forms are those of docker's
 * `HostConfig`; a number of 0 and an empty text are the same as nothing.
 */
export interface HostOptions {
  /** `SOURCE:DESTINATION[:MODE]`, both absolute. A source that is not there is made, a directory. */
  readonly Binds?: readonly string[];
  readonly Mounts?: readonly HostMount[];
  /** Options by destination: `size=64m,exec`. */
  readonly Tmpfs?: Readonly<Record<string, string>>;
  readonly CapAdd?: readonly string[];
  readonly CapDrop?: readonly string[];
  readonly Privileged?: boolean;
  /** See `readSecurityOptions`; a seccomp profile is here in full. */
  readonly SecurityOpt?: readonly string[];
  readonly MaskedPaths?: readonly string[];
  readonly ReadonlyPaths?: readonly string[];
  /** An init program of the host reaps what the container's processes leave. */
  readonly Init?: boolean;
  /** Names of the image, or numbers. */
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
  /** -1 is unlimited, as is 0. */
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
  /** Path of a control group, from the root of the hierarchies, in place of `/strata`. */
  readonly CgroupParent?: string;
  readonly OomScoreAdj?: number;
  /** `private`, `host`; IPC also `none` and `shareable`. */
  readonly IpcMode?: string;
  readonly PidMode?: string;
  readonly UTSMode?: string;
  /** `host`, which is the default. */
  readonly UsernsMode?: string;
  /** `runc`, also by the name containerd has for it, or one of the configuration; empty is its default. */
  readonly Runtime?: string;
  readonly LogConfig?: LogConfig;
  /** Taken along by the runtime's document. */
  readonly Annotations?: Readonly<Record<string, string>>;
}
