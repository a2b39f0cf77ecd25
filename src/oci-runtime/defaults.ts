import type { DeviceRule, MountSpec } from './spec.ts';

export const runtimeSpecVersion = '1.0.2';
export const defaultShmSizeBytes: number = 64 * 1024 * 1024;
export const defaultUmask = 0o022;

/** Docker's mounts in their order, `/dev/shm` with its size. `/sys` and the control groups are writable when privileged. */
export function defaultMounts(shmSizeBytes: number, privileged: boolean): MountSpec[] {
  const system = privileged ? ['nosuid', 'noexec', 'nodev', 'rw'] : ['nosuid', 'noexec', 'nodev', 'ro'];
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      // gid 5 is tty in every distribution.
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: system },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: system },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${shmSizeBytes}`],
    },
  ];
}

/** Where the kernel tells a container more of the host than it should know: keys, memory, timers, power, other users. */
const maskedPaths: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

/** What would change the host when it is written. */
export const defaultReadonlyPaths: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

/** Reads a list of processors as /sys/devices/system/cpu/possible has it: `0-3,8`. Unreadable parts count for nothing. */
function processors(list: string): number[] {
  return list
    .trim()
    .split(',')
    .flatMap((range) => {
      const [first = Number.NaN, last = first] = range
        .split('-')
        .map((text) => (/^\d{1,4}$/.test(text) ? Number(text) : Number.NaN));
      return first <= last ? Array.from({ length: last - first + 1 }, (_, at) => first + at) : [];
    });
}

/**
 * What a container must not see. Interrupts, power and throttling tell of other tenants' work (GHSA-6fw5-f8r9-fgfm);
 * `possibleCpus` is the text of /sys/devices/system/cpu/possible.
 */
export function defaultMaskedPaths(possibleCpus: string): string[] {
  return [
    ...maskedPaths,
    ...processors(possibleCpus).map((cpu) => `/sys/devices/system/cpu/cpu${cpu}/thermal_throttle`),
  ];
}

const allowed = (major: number, minor: number): DeviceRule => ({ allow: true, type: 'c', major, minor, access: 'rwm' });

/** null, zero, full, random, urandom, tty and console; the runtime makes the nodes and adds terminals of its own. */
export const defaultDeviceRules: readonly DeviceRule[] = [
  { allow: false, access: 'rwm' },
  allowed(1, 3),
  allowed(1, 5),
  allowed(1, 7),
  allowed(1, 8),
  allowed(1, 9),
  allowed(5, 0),
  allowed(5, 1),
];
