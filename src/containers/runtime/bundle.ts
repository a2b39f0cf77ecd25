import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ifThere } from '../../sys/if-there.ts';

/** Paths in a bundle, the directory in which the runtime and the supervisor work. */
export interface Bundle {
  readonly directory: string;
  /** Mount point of the root filesystem, in a mount namespace of the container's own. */
  readonly root: string;
  /** The runtime's log, JSON lines. */
  readonly log: string;
  /** Holds the number of the container's first process; written by the runtime. */
  readonly pid: string;
  /** Holds the supervisor's process number; written by the supervisor. */
  readonly supervisorPid: string;
  /** Locked as long as the supervisor lives. */
  readonly lock: string;
  /** Socket on which the supervisor listens for clients, of type SOCK_SEQPACKET. */
  readonly attach: string;
  /**
   * Fifo from which the supervisor reads `HEIGHT WIDTH\n`, a terminal's new size. Sizes sent to its other fifo, `ctl`,
   * are written here by the supervisor itself a moment later, so that two sizes could meet.
   */
  readonly windowSize: string;
  /** Created by the supervisor when memory ran out in the container. */
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

/** Returns the number in a file such as {@link Bundle.pid}; undefined while the file is missing or empty. */
export function readPid(path: string): number | undefined {
  const pid = Number.parseInt(readIfThere(path), 10);
  return pid > 0 ? pid : undefined;
}

/** Returns the end of the runtime's log, empty without one. */
export const readRuntimeLog = ({ log }: Bundle): string => readIfThere(log).slice(-64 * 1024);

export const wasOutOfMemory = ({ oom }: Bundle): boolean => existsSync(oom);

function readIfThere(path: string): string {
  return ifThere(() => readFileSync(path, 'utf8')) ?? '';
}
