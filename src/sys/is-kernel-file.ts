import { statfsSync } from 'node:fs';

// Filesystem types of proc, sysfs, cgroup (1 and 2), debugfs, tracefs, securityfs and configfs.
const magics: ReadonlySet<number> = new Set([
  0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x64626720, 0x74726163, 0x73636673, 0x62656570,
]);

/** True for an open file whose content the kernel generates on reading, so that its size in stat(2) is wrong. */
export const isKernelFile = (fd: number): boolean => magics.has(statfsSync(`/proc/self/fd/${fd}`).type);
