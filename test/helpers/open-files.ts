import { readdirSync, readlinkSync } from 'node:fs';

/**
 * How many files, folders, sockets and pipes this process has open, but for the database: a worker may just be writing
 * its log back.
 */
export const openFiles = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    const target = targetOf(fd);
    // Of a thread's event loop the descriptors are anonymous.
    return target !== undefined && !/^anon_inode:|\/strata\.db/.test(target);
  }).length;

function targetOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}
