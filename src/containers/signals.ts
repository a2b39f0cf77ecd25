import { constants } from 'node:os';
import { StrataError } from '../errors/index.ts';

// Linux numbers real-time signals from 34 for programs of the C library.
const firstRealTime = 34;
const lastSignal = 64;

/** The signal that a process can neither catch nor ignore. */
export const SIGKILL = 9;

/** Exit code of a process that SIGKILL ended, as shells count it. */
export const killedExitCode: number = 128 + SIGKILL;

/**
 * Returns the number of a signal given as `TERM`, `SIGTERM`, `15`, `RTMIN+3` or `RTMAX-1`. Throws ERR_SIGNAL_INVALID,
 * in docker's words.
 */
export function signalNumber(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : fromName(text.toUpperCase().replace(/^SIG/, ''));
  if (number !== undefined && number > 0 && number <= lastSignal) return number;
  throw new StrataError({
    code: 'ERR_SIGNAL_INVALID',
    message: `invalid signal: ${text.slice(0, 100)}`,
    hint: 'Give a name such as TERM or KILL, or a number.',
  });
}

function fromName(name: string): number | undefined {
  const realTime = /^(RTMIN|RTMAX)([+-]\d{1,2})?$/.exec(name);
  if (realTime) return (realTime[1] === 'RTMIN' ? firstRealTime : lastSignal) + Number(realTime[2] ?? 0);
  const numbers: { readonly [name: string]: number } = constants.signals;
  return Object.hasOwn(numbers, `SIG${name}`) ? numbers[`SIG${name}`] : undefined;
}
