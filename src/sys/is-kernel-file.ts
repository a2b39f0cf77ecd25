import { statfsSync } from 'node:fs';

// Of proc, sysfs, cgroup (1 and 2), debugfs, tracefs, securityfs and configfs.
const magics: ReadonlySet<number> = new Set([
  0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x64626720, 0x74726163, 0x73636673, 0x62656570,
]);

/** Whether an open file is one that the kernel makes when it is read: what stat(2) says of its size is not true. */
export const isKernelFile = (fd: number): boolean => magics.has(statfsSync(`/proc/self/fd/${fd}`).type);
