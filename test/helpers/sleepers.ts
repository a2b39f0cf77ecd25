import { readdirSync, readFileSync } from 'node:fs';
import { until } from './until.ts';

let count = 0;

/** An argument for sleep(1) that no other test has: by it the process is found, however a container names it. */
export const unusualSeconds = (): string => String(10_000_000 + process.pid * 100 + count++);

/** Processes of the machine that have this very argument. */
export const sleepers = (seconds: string): number[] =>
  readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || name === String(process.pid)) return [];
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'latin1').split('\0').includes(seconds) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });

/** Ends them, by a signal that their shells say nothing about, once there is one. */
export async function wake(seconds: string): Promise<void> {
  await until(
    () => sleepers(seconds).length > 0,
    () => `nobody sleeps ${seconds} s`,
  );
  for (const pid of sleepers(seconds)) {
    try {
      process.kill(pid, 'SIGPIPE');
    } catch (error) {
      // Somebody else has ended it meanwhile.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}
