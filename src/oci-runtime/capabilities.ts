import { StrataError } from '../errors/index.ts';
import type { CapabilitySets } from './spec.ts';

/** All capabilities by number, from 0 on, of Linux 6.18 (capabilities(7)). */
export const allCapabilities: readonly string[] = `
  CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
  NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
  SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
  MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
`
  .trim()
  .split(/\s+/)
  .map((name) => `CAP_${name}`);

/** Docker's default capabilities of a container. */
export const defaultCapabilities: readonly string[] = `
  CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL
  AUDIT_WRITE
`
  .trim()
  .split(/\s+/)
  .map((name) => `CAP_${name}`);

export interface CapabilityOptions {
  /** With or without `CAP_`, in any case; `ALL` means all. */
  readonly add?: readonly string[] | undefined;
  readonly drop?: readonly string[] | undefined;
  readonly privileged?: boolean | undefined;
  /**
   * The engine's own bounding set, when it may be smaller than all: a process can give only capabilities that it has.
   */
  readonly available?: readonly string[] | undefined;
}

const all = 'ALL';

function canonical(name: string, option: 'CapAdd' | 'CapDrop'): string {
  const upper = name.toUpperCase();
  if (upper === all) return all;
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (allCapabilities.includes(full)) return full;
  throw new StrataError({
    code: 'ERR_CAPABILITY_UNKNOWN',
    message: `invalid ${option}: unknown capability: ${JSON.stringify(full.slice(0, 100))}`,
    hint: 'Use a name of capabilities(7), or ALL for all of them.',
  });
}

function chooseCapabilities(
  add: readonly string[],
  drop: readonly string[],
  options: CapabilityOptions,
): readonly string[] {
  const isKept = (capability: string): boolean => !drop.includes(capability);
  if (options.privileged === true) return allCapabilities;
  if (add.includes(all)) return allCapabilities.filter(isKept);
  return [...(drop.includes(all) ? [] : defaultCapabilities.filter(isKept)), ...add];
}

/**
 * Returns the bounding set of a container by docker's rules: `add` is applied after `drop`, `privileged` overrides
 * both.
 * @throws ERR_CAPABILITY_UNKNOWN, ERR_CAPABILITY_UNAVAILABLE for a requested name that is not `available`
 */
export function resolveCapabilities(options: CapabilityOptions): readonly string[] {
  const add = (options.add ?? []).map((name) => canonical(name, 'CapAdd'));
  const drop = (options.drop ?? []).map((name) => canonical(name, 'CapDrop'));
  const available = options.available ?? allCapabilities;
  const absent =
    options.privileged === true ? undefined : add.find((name) => name !== all && !available.includes(name));
  if (absent !== undefined) {
    throw new StrataError({
      code: 'ERR_CAPABILITY_UNAVAILABLE',
      message: `invalid CapAdd: capability not supported by your kernel or not available in the current environment: ${JSON.stringify(absent)}`,
      hint: 'Run the engine with more privileges, or leave this capability out.',
    });
  }
  return [...new Set(chooseCapabilities(add, drop, options))].filter((name) => available.includes(name));
}

/**
 * Returns the capability sets of a process. Inheritable stays empty (CVE-2022-24769). A user other than root gets only
 * the bounding set, the limit for setuid programs and file capabilities.
 */
export function capabilitySets(bounding: readonly string[], uid: number): CapabilitySets {
  const own = uid === 0 ? bounding : [];
  return { bounding, effective: own, permitted: own, inheritable: [], ambient: [] };
}
