import { readFileSync } from 'node:fs';

let known: string | undefined;

/** Returns the kernel's boot id, proc_sys_kernel(5): a UUID that changes with each start of the machine. */
export function bootId(): string {
  known ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return known;
}
