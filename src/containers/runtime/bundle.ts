import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ifThere } from '../../sys/if-there.ts';

/** Where things lie in a bundle, the folder the runtime and the supervisor work from. */
export interface Bundle {
  readonly directory: string;
  /** Where the root filesystem is mounted, in a namespace of the container's own. */
  readonly root: string;
  /** The runtime's log, JSON lines. */
  readonly log: string;
  /** Written by the runtime: the container's first process. */
  readonly pid: string;
  /** Written by the supervisor: itself. */
  readonly supervisorPid: string;
  /** Locked as long as the supervisor lives. */
  readonly lock: string;
  /** Where the supervisor listens for clients: a socket of type SOCK_SEQPACKET. */
  readonly attach: string;
  /**
   * The supervisor takes `HEIGHT WIDTH\n` here, for a terminal's new size. What comes by way of its fifo `ctl` it writes
   * here itself, a moment after it has read it, so that two sizes could meet.
   */
  readonly windowSize: string;
  /** Made by the supervisor when memory ran out in the container. */
  readonly oom: string;
}

export const bundleAt = (directory: string): Bundle => ({
  directory,
  root: join(directory, 'rootfs'),
  log: join(directory, 'runtime.log'),
  pid: join(directory, 'pid'),
  supervisorPid: join(directory, 'conmon.pid'),
  lock: join(directory, 'lock'),
  attach: join(directory, 'attach'),
  windowSize: join(directory, 'winsz'),
  oom: join(directory, 'oom'),
});

/** The number in a file such as {@link Bundle.pid}; undefined while it is not there or not written. */
export function readPid(path: string): number | undefined {
  const pid = Number.parseInt(readIfThere(path), 10);
  return pid > 0 ? pid : undefined;
}

/** The end of the runtime's log, empty without one. */
export const readRuntimeLog = ({ log }: Bundle): string => readIfThere(log).slice(-64 * 1024);

export const wasOutOfMemory = ({ oom }: Bundle): boolean => existsSync(oom);

function readIfThere(path: string): string {
  return ifThere(() => readFileSync(path, 'utf8')) ?? '';
}
