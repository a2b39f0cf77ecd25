import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../sys/errno.ts';

/**
 * Remembers that the disk failed to write something back. The kernel tells that once and then calls the pages clean,
 * so what was lost cannot be found out by asking again ("fsyncgate"): the blob concerned is thrown away, and the mark
 * stays until somebody has re-hashed the store.
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

  /** What was marked, undefined for a healthy store. */
  degraded(): string | undefined {
    try {
      return readFileSync(this.#file, 'utf8') + (this.#unwritten ?? '');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return this.#unwritten;
      throw error;
    }
  }

  /** After every blob has been hashed again and the wrong ones replaced. Idempotent. */
  clear(): void {
    this.#unwritten = undefined;
    rmSync(this.#file, { force: true });
  }
}
