/**
 * The part of the OCI runtime specification 1.0.2 that we use (config.md, config-linux.md), with the names of its JSON.
 * Optional values are absent, never null.
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

/** The `process` of a container, and the whole document of one that `exec` adds. */
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
  /** A bigint for RLIM_INFINITY, which is too large for a number. */
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
  /** When absent, the runtime makes every mount of the container a slave. */
  readonly rootfsPropagation?: 'shared' | 'rslave';
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
}

export type NamespaceType = 'mount' | 'network' | 'uts' | 'pid' | 'ipc' | 'cgroup';

/** A device node that the runtime creates. */
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

/** Without major and minor, a rule is for all devices of the type; without type, for all devices. */
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
