import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { errnoOf } from '../../sys/errno.ts';
import { ifThere } from '../../sys/if-there.ts';

/**
 * Remembers that the disk failed to write data back. The kernel reports that once and then marks the pages clean, so a
 * second flush succeeds and proves nothing ("fsyncgate"). The blob concerned is removed, and the mark stays until the
 * whole store is hashed again after a reboot: before one, reads may come from memory.
 */
export class StoreHealth {
  readonly #file: string;
  #unwritten: string | undefined;

  constructor(contentDirectory: string) {
    this.#file = join(contentDirectory, 'degraded');
  }

  /** Adds a line for a failure: time, path, error. */
  markDegraded(path: string, error: unknown): void {
    const line = `${new Date().toISOString()} ${path} ${errnoOf(error) ?? String(error)}\n`;
    this.#unwritten = (this.#unwritten ?? '') + line;
    try {
      appendFileSync(this.#file, this.#unwritten, { mode: 0o600 });
      this.#unwritten = undefined;
    } catch {
      // The disk is failing: this process keeps the mark in memory, and the failed operation itself reports the fault.
    }
  }

  /** Lists the recorded failures, a line each, oldest first; empty for a healthy store. */
  failures(): string[] {
    return (this.#readFile() + (this.#unwritten ?? '')).split('\n').filter((line) => line !== '');
  }

  /** True when no failure was recorded since the machine started. */
  isOfFormerBoot(): boolean {
    const started = Date.now() - uptime() * 1000;
    return this.failures().every((line) => Date.parse(line.split(' ')[0] ?? '') < started);
  }

  #readFile(): string {
    return ifThere(() => readFileSync(this.#file, 'utf8')) ?? '';
  }

  /** Removes the mark; to be called after the whole store was hashed again and found right. Idempotent. */
  clear(): void {
    this.#unwritten = undefined;
    rmSync(this.#file, { force: true });
  }
}
