import { readdirSync, readFileSync } from 'node:fs';
import { until } from './until.ts';

let count = 0;

/** Returns an argument for sleep(1) that no other test uses, so that the host can find the process by it. */
export const unusualSeconds = (): string => String(10_000_000 + process.pid * 100 + count++);

/** Returns the processes of the machine that have this argument. */
export const sleepers = (seconds: string): number[] =>
  readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || name === String(process.pid)) return [];
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'latin1').split('\0').includes(seconds) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });

/** Waits for a process with this argument and ends all of them, by a signal that their shells do not report. */
export async function wake(seconds: string): Promise<void> {
  await until(
    () => sleepers(seconds).length > 0,
    () => `no process sleeps ${seconds} s`,
  );
  for (const pid of sleepers(seconds)) {
    try {
      process.kill(pid, 'SIGPIPE');
    } catch (error) {
      // Another process ended it meanwhile.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}
