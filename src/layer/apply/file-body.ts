import { ftruncateSync } from 'node:fs';
import type { SparseRun, TarEntry } from '../../archive/index.ts';
import { writeFully, writeFullyAt } from '../../sys/fd-io.ts';

/** Writes the stored body of an entry into an empty file; the gaps of a sparse entry become holes. */
export class FileBody {
  readonly fd: number;
  readonly #runs: readonly SparseRun[] | undefined;
  readonly #sizeBytes: number;
  #run = 0;
  #inRun = 0;

  constructor(fd: number, entry: Pick<TarEntry, 'sparse' | 'sizeBytes'>) {
    this.fd = fd;
    this.#runs = entry.sparse;
    this.#sizeBytes = entry.sizeBytes;
  }

  write(chunk: Uint8Array): void {
    if (this.#runs) this.#writeRuns(this.#runs, chunk);
    else writeFully(this.fd, chunk);
  }

  /** Sets the length of a sparse file, which may end in a hole. */
  end(): void {
    if (this.#runs) ftruncateSync(this.fd, this.#sizeBytes);
  }

  #writeRuns(runs: readonly SparseRun[], chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const run = runs[this.#run];
      // The parser has checked that the runs add up to the stored size.
      if (!run) return;
      const count = Math.min(run.length - this.#inRun, chunk.length - at);
      writeFullyAt(this.fd, chunk.subarray(at, at + count), run.offset + this.#inRun);
      at += count;
      this.#inRun += count;
      if (this.#inRun === run.length) {
        this.#run++;
        this.#inRun = 0;
      }
    }
  }
}
