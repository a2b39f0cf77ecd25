import { readFileSync } from 'node:fs';
import { errnoOf } from './errno.ts';
import { closeFd } from './fs-at.ts';
import { ifThere } from './if-there.ts';
import { libc } from './libc.ts';
import { lastError } from './scratch.ts';

/** Identity of a process of this boot: its pid alone may be reused by a later process. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since the boot: proc_pid_stat(5), field 22. */
  readonly startTicks: number;
}

/** Returns the identity of the process that has this pid now; undefined when there is none, or only a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  const [state, ...fields] = statFields(pid);
  return state === undefined || state === 'Z' || state === 'X' ? undefined : { pid, startTicks: Number(fields[18]) };
}

/** Returns the exit code of a zombie, 128 plus the signal's number after a kill; undefined when the process is no zombie. */
export function exitCodeOfZombie({ pid, startTicks }: ProcessIdentity): number | undefined {
  const [state, ...fields] = statFields(pid);
  if (state !== 'Z' || Number(fields[18]) !== startTicks) return undefined;
  // The encoding of wait(2): the low byte is the signal, the next byte the exit code.
  const status = Number(fields[48]);
  return (status & 0x7f) === 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);
}

/** Returns the fields of proc_pid_stat(5) from the third, the state, on; none when there is no such process. */
function statFields(pid: number): readonly string[] {
  const stat = readStat(pid);
  // The program's name is in parentheses and may contain anything, parentheses too.
  return stat === undefined ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** True while the process runs; false for a zombie, and for another process with the same pid. */
export const isAlive = ({ pid, startTicks }: ProcessIdentity): boolean => identify(pid)?.startTicks === startTicks;

/**
 * True while the process sleeps or is stopped, so that it makes no progress by itself. False for a process that can run or waits
 * for a disk, which may only be slow.
 */
export function isAsleep({ pid, startTicks }: ProcessIdentity): boolean {
  const [state, ...fields] = statFields(pid);
  return (state === 'S' || state === 'T') && Number(fields[18]) === startTicks;
}

/** Sends a signal, by number, to exactly this process, by pidfd_open(2). Returns false when it has ended. */
export function signalProcess(process: ProcessIdentity, signal: number): boolean {
  const { syscall, numbers } = libc();
  const fd = Number(syscall(numbers.pidfdOpen, process.pid, 0, 0, 0, 0, 0));
  if (fd < 0) return falseIfEnded('pidfd_open');
  try {
    if (!isAlive(process)) return false;
    if (Number(syscall(numbers.pidfdSendSignal, fd, signal, 0, 0, 0, 0)) === 0) return true;
    return falseIfEnded('pidfd_send_signal');
  } finally {
    closeFd(fd);
  }
}

function falseIfEnded(call: string): false {
  const error = lastError(call);
  if (errnoOf(error) === 'ESRCH') return false;
  throw error;
}

function readStat(pid: number): string | undefined {
  // ESRCH: it ended between opening and reading.
  return ifThere(() => readFileSync(`/proc/${pid}/stat`, 'latin1'), ['ESRCH']);
}
