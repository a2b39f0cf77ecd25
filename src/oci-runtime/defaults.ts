import type { DeviceRule, MountSpec } from './spec.ts';

export const runtimeSpecVersion = '1.0.2';
export const defaultShmSizeBytes: number = 64 * 1024 * 1024;
export const defaultUmask = 0o022;

/**
 * Returns docker's mounts in their order, `/dev/shm` with its size. `/sys` and the control groups are writable when
 * privileged.
 */
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

/** Kernel files that reveal more of the host than a container should see: keys, memory, timers, power, other users. */
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

/** Kernel files through which a write would change the host. */
export const defaultReadonlyPaths: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

/** Parses a list of processors such as /sys/devices/system/cpu/possible: `0-3,8`. Invalid parts are ignored. */
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
 * Returns the paths that a container must not see. Interrupts, power and throttling reveal other tenants' work
 * (GHSA-6fw5-f8r9-fgfm). `possibleCpus` is the text of /sys/devices/system/cpu/possible.
 */
export function defaultMaskedPaths(possibleCpus: string): string[] {
  return [
    ...maskedPaths,
    ...processors(possibleCpus).map((cpu) => `/sys/devices/system/cpu/cpu${cpu}/thermal_throttle`),
  ];
}

const allowDevice = (major: number, minor: number): DeviceRule => ({
  allow: true,
  type: 'c',
  major,
  minor,
  access: 'rwm',
});

/** null, zero, full, random, urandom, tty and console; the runtime makes the nodes and adds terminals of its own. */
export const defaultDeviceRules: readonly DeviceRule[] = [
  { allow: false, access: 'rwm' },
  allowDevice(1, 3),
  allowDevice(1, 5),
  allowDevice(1, 7),
  allowDevice(1, 8),
  allowDevice(1, 9),
  allowDevice(5, 0),
  allowDevice(5, 1),
];
