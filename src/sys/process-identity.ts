import { readFileSync } from 'node:fs';
import { errnoOf } from './errno.ts';
import { closeFd } from './fs-at.ts';
import { libc } from './libc.ts';
import { lastError } from './scratch.ts';

/** A process of this boot that its number alone does not tell from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it was started, in clock ticks since the boot: proc_pid_stat(5), field 22. */
  readonly startTicks: number;
}

/** Who has this number now; undefined when nobody does, or only a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  if (stat === undefined) return undefined;
  // The program's name stands in parentheses and may hold anything, parentheses too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  return state === 'Z' || state === 'X' ? undefined : { pid, startTicks: Number(fields[19]) };
}

export const isAlive = ({ pid, startTicks }: ProcessIdentity): boolean => identify(pid)?.startTicks === startTicks;

/**
 * Sends a signal, by number, to exactly this process, through a descriptor of it: pidfd_open(2). False when it is gone.
 */
export function signalProcess(process: ProcessIdentity, signal: number): boolean {
  const { syscall, numbers } = libc();
  const fd = Number(syscall(numbers.pidfdOpen, process.pid, 0, 0, 0, 0, 0));
  if (fd < 0) return goneOrThrow('pidfd_open');
  try {
    if (!isAlive(process)) return false;
    if (Number(syscall(numbers.pidfdSendSignal, fd, signal, 0, 0, 0, 0)) === 0) return true;
    return goneOrThrow('pidfd_send_signal');
  } finally {
    closeFd(fd);
  }
}

function goneOrThrow(call: string): false {
  const error = lastError(call);
  if (errnoOf(error) === 'ESRCH') return false;
  throw error;
}

function readStat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    // ESRCH: it ended between opening and reading.
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ESRCH') return undefined;
    throw error;
  }
}
