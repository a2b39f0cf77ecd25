import { readFileSync } from 'node:fs';
import { errnoOf } from './errno.ts';
import { closeFd } from './fs-at.ts';
import { ifThere } from './if-there.ts';
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
  const [state, ...fields] = statFields(pid);
  return state === undefined || state === 'Z' || state === 'X' ? undefined : { pid, startTicks: Number(fields[18]) };
}

/** The exit code of a process that has ended and that its parent has not asked about yet; 128 and the signal's number for a kill. */
export function exitCodeOfZombie({ pid, startTicks }: ProcessIdentity): number | undefined {
  const [state, ...fields] = statFields(pid);
  if (state !== 'Z' || Number(fields[18]) !== startTicks) return undefined;
  // As wait(2) gives it: the low byte is the signal, the next one the code.
  const status = Number(fields[48]);
  return (status & 0x7f) === 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);
}

/** Fields of proc_pid_stat(5), from the third, its state, on; none when there is no such process. */
function statFields(pid: number): readonly string[] {
  const stat = readStat(pid);
  // The program's name stands in parentheses and may hold anything, parentheses too.
  return stat === undefined ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

export const isAlive = ({ pid, startTicks }: ProcessIdentity): boolean => identify(pid)?.startTicks === startTicks;

/**
 * It waits for something that others do. One that is slow because the machine is busy can run, or waits for the disk: what
 * is to become of it cannot be told yet.
 */
export function isAsleep({ pid, startTicks }: ProcessIdentity): boolean {
  const [state, ...fields] = statFields(pid);
  return (state === 'S' || state === 'T') && Number(fields[18]) === startTicks;
}

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
  // ESRCH: it ended between opening and reading.
  return ifThere(() => readFileSync(`/proc/${pid}/stat`, 'latin1'), ['ESRCH']);
}
