/**
 * What we use of the OCI runtime specification 1.0.2 (config.md, config-linux.md), with the names of its JSON. Whatever
 * may be absent there is absent here, never null.
 */
export interface RuntimeSpec {
  readonly ociVersion: string;
  readonly process: ProcessSpec;
  readonly root: { readonly path: string; readonly readonly: boolean };
  /** Absent in the host's UTS namespace. */
  readonly hostname?: string;
  readonly mounts: readonly MountSpec[];
  readonly linux: LinuxSpec;
  readonly annotations?: { readonly [name: string]: string };
}

/** Also what `exec` hands to the runtime, as a document of its own. */
export interface ProcessSpec {
  readonly terminal: boolean;
  readonly consoleSize?: { readonly height: number; readonly width: number };
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    readonly umask: number;
    readonly additionalGids: readonly number[];
  };
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: CapabilitySets;
  readonly rlimits: readonly Rlimit[];
  readonly noNewPrivileges: boolean;
  readonly oomScoreAdj?: number;
}

export interface CapabilitySets {
  readonly bounding: readonly string[];
  readonly effective: readonly string[];
  readonly permitted: readonly string[];
  readonly inheritable: readonly string[];
  readonly ambient: readonly string[];
}

export interface Rlimit {
  readonly type: string;
  /** A bigint where a number does not reach: RLIM_INFINITY. */
  readonly soft: number | bigint;
  readonly hard: number | bigint;
}

export interface MountSpec {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

export interface LinuxSpec {
  readonly namespaces: readonly { readonly type: NamespaceType; readonly path?: string }[];
  readonly devices?: readonly DeviceSpec[];
  readonly resources: ResourcesSpec;
  readonly cgroupsPath?: string;
  readonly sysctl: { readonly [name: string]: string };
  readonly seccomp?: SeccompSpec;
  /** Absent, the runtime makes every mount of the container a slave. */
  readonly rootfsPropagation?: 'shared' | 'rslave';
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
}

export type NamespaceType = 'mount' | 'network' | 'uts' | 'pid' | 'ipc' | 'cgroup';

/** A device node the runtime makes. */
export interface DeviceSpec {
  readonly path: string;
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  /** Permission bits. */
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Without major and minor, all devices of the type; without type, all devices. */
export interface DeviceRule {
  readonly allow: boolean;
  readonly type?: 'c' | 'b' | undefined;
  readonly major?: number | undefined;
  readonly minor?: number | undefined;
  readonly access: string;
}

export interface ResourcesSpec {
  readonly devices: readonly DeviceRule[];
  /** Bytes; swap means memory and swap together, -1 unlimited. */
  readonly memory?: { readonly limit?: number; readonly swap?: number; readonly reservation?: number };
  /** Quota and period in microseconds. */
  readonly cpu?: {
    readonly shares?: number;
    readonly quota?: number;
    readonly period?: number;
    readonly cpus?: string;
    readonly mems?: string;
  };
  readonly pids?: { readonly limit: number };
}

export interface SeccompSpec {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly SeccompCall[];
}

export interface SeccompCall {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly {
    readonly index: number;
    readonly value: number;
    readonly valueTwo?: number;
    readonly op: string;
  }[];
}
