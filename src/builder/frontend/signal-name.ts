import { constants } from 'node:os';

/** True for a signal by docker's rules: a number from 1, or a name with or without SIG, real-time ones included. */
export function isSignalName(text: string): boolean {
  if (/^\d{1,9}$/.test(text)) return Number(text) > 0;
  const name = text.toUpperCase().replace(/^SIG/, '');
  const realTime = /^RTM(?:IN(?:\+(\d{1,2}))?|AX(?:-(\d{1,2}))?)$/.exec(name);
  if (realTime) return Number(realTime[1] ?? 0) <= 15 && Number(realTime[2] ?? 0) <= 14;
  return Object.hasOwn(constants.signals, `SIG${name}`);
}
