import { readdirSync, readlinkSync } from 'node:fs';

/**
 * Counts the files, folders, sockets and pipes that this process has open. The database is left out, as a worker may
 * just be checkpointing it, and so are the event loops of threads, which come and go with idle workers.
 */
export function openFiles(): number {
  const targets = readdirSync('/proc/self/fd').flatMap((fd) => targetOf(fd) ?? []);
  const eventLoops = targets.filter((target) => target === 'anon_inode:[eventpoll]').length;
  const opened = targets.filter((target) => !/^anon_inode:|\/strata\.db/.test(target));
  // libuv passes signals to each event loop through a pipe, which has two ends.
  return opened.length - 2 * eventLoops;
}

function targetOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}
