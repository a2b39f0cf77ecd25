import { readdirSync, readlinkSync } from 'node:fs';

/**
 * How many files, folders, sockets and pipes this process has open, but for the database (a worker may just be writing its
 * log back) and for what each thread's event loop has: a thread ends when it has been idle, and the next call starts it.
 */
export function openFiles(): number {
  const targets = readdirSync('/proc/self/fd').flatMap((fd) => targetOf(fd) ?? []);
  const eventLoops = targets.filter((target) => target === 'anon_inode:[eventpoll]').length;
  const opened = targets.filter((target) => !/^anon_inode:|\/strata\.db/.test(target));
  // libuv tells an event loop of signals through a pipe with two ends.
  return opened.length - 2 * eventLoops;
}

function targetOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}
