import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

/** Receives a container's output; it calls `taken` when the chunk is processed. */
export type OnChunk = (stream: 'stdout' | 'stderr', chunk: Uint8Array, taken: () => void) => void;

export interface OutputFlowOptions {
  /** True once the container's own process runs: output from then on is the container's, not the runtime's. */
  readonly hasStarted: () => boolean;
  /** Without it, standard error goes to this process's own; standard output is inherited and does not pass here. */
  readonly onOutput: OnChunk | undefined;
}

// Backlog of the reader above which the container waits.
const maxUntaken = 1 << 20;
// The runtime writes its pid file a moment after the container's process has begun to write.
const pollMs = 5;
const maxHeld = 64 * 1024;

/**
 * Passes on the output of a runtime and its container. The two share standard error. Until the container has started it
 * is held back, because a runtime that cannot start the container reports the reason there.
 */
export class OutputFlow {
  readonly #options: OutputFlowOptions;
  readonly #streams: readonly Readable[];
  #held: Buffer[] = [];
  #isHeld = true;
  #timer: NodeJS.Timeout | undefined;
  #untaken = 0;

  constructor({ stdout, stderr }: ChildProcess, options: OutputFlowOptions) {
    this.#options = options;
    this.#streams = [stdout, stderr].filter((stream) => stream !== null);
    stdout?.on('data', (chunk: Buffer) => this.#pass('stdout', chunk));
    stderr?.on('data', (chunk: Buffer) => this.#onError(chunk));
    // When our reader has closed the pipe, as with `| head`, the container must notice that, too.
    const onClosed = (): void => void stderr?.destroy();
    if (options.onOutput === undefined) process.stderr.on('error', onClosed);
    stderr?.on('close', () => {
      clearTimeout(this.#timer);
      process.stderr.off('error', onClosed);
    });
  }

  /** Output held back and not passed on. */
  get held(): Buffer {
    return Buffer.concat(this.#held);
  }

  /** Passes on the output held back. Idempotent. */
  release(): void {
    clearTimeout(this.#timer);
    this.#isHeld = false;
    for (const chunk of this.#held.splice(0)) this.#pass('stderr', chunk);
  }

  /** Stops making the container wait for its reader. Idempotent. */
  unblock(): void {
    this.#untaken = Number.NEGATIVE_INFINITY;
    for (const stream of this.#streams) stream.resume();
  }

  #onError(chunk: Buffer): void {
    if (this.#isHeld && this.#options.hasStarted()) this.release();
    if (!this.#isHeld) return this.#pass('stderr', chunk);
    this.#held.push(chunk);
    this.#timer ??= setInterval(() => {
      if (this.#options.hasStarted()) this.release();
    }, pollMs);
    if (this.held.length > maxHeld) this.release();
  }

  #pass(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    const { onOutput } = this.#options;
    if (onOutput === undefined) return void process.stderr.write(chunk);
    this.#untaken += chunk.length;
    if (this.#untaken > maxUntaken) for (const each of this.#streams) each.pause();
    onOutput(stream, chunk, () => {
      this.#untaken -= chunk.length;
      if (this.#untaken <= maxUntaken) for (const each of this.#streams) each.resume();
    });
  }
}
