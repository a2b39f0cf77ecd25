import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { errnoOf } from '../../sys/errno.ts';
import { ifThere } from '../../sys/if-there.ts';

/**
 * Remembers that the disk failed to write something back. The kernel tells that once and then calls the pages clean,
 * so what was lost cannot be found out by asking again ("fsyncgate"): the blob concerned is thrown away, and the mark
 * stays until somebody has hashed the store again after another start of the machine: before, memory may answer for the disk.
 */
export class StoreHealth {
  readonly #file: string;
  #unwritten: string | undefined;

  constructor(contentDirectory: string) {
    this.#file = join(contentDirectory, 'degraded');
  }

  /** One line a failure: time, path, error. */
  markDegraded(path: string, error: unknown): void {
    const line = `${new Date().toISOString()} ${path} ${errnoOf(error) ?? String(error)}\n`;
    this.#unwritten = (this.#unwritten ?? '') + line;
    try {
      appendFileSync(this.#file, this.#unwritten, { mode: 0o600 });
      this.#unwritten = undefined;
    } catch {
      // The disk is failing: the mark lives in this process, and the failed operation itself reports the fault.
    }
  }

  /** What was marked, a line each, the oldest first; nothing for a healthy store. */
  failures(): string[] {
    return (this.#kept() + (this.#unwritten ?? '')).split('\n').filter((line) => line !== '');
  }

  /** True when nothing was marked since the machine started. */
  isOfFormerBoot(): boolean {
    const started = Date.now() - uptime() * 1000;
    return this.failures().every((line) => Date.parse(line.split(' ')[0] ?? '') < started);
  }

  #kept(): string {
    return ifThere(() => readFileSync(this.#file, 'utf8')) ?? '';
  }

  /** After the whole store has been hashed again and found right. Idempotent. */
  clear(): void {
    this.#unwritten = undefined;
    rmSync(this.#file, { force: true });
  }
}
