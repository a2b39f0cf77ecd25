import type { OutputChunk } from './output-chunk.ts';

const maxBytes = 1 << 17;

// Shared by all attachments of a thread: a batch is flushed before the next one begins.
const memory = Buffer.allocUnsafe(maxBytes);

/**
 * Joins a supervisor's packets into larger chunks of one stream, because a chunk for each packet is slow for a busy
 * container.
 */
export class OutputBatch {
  readonly #onChunk: (chunk: OutputChunk) => void;
  #stream: OutputChunk['stream'] = 'stdout';
  #size = 0;

  constructor(onChunk: (chunk: OutputChunk) => void) {
    this.#onChunk = onChunk;
  }

  /** Adds a packet; its first byte names the stream. */
  add(packet: Uint8Array): void {
    const stream = packet[0] === 3 ? 'stderr' : 'stdout';
    if (stream !== this.#stream || this.#size + packet.length > maxBytes) this.flush();
    this.#stream = stream;
    memory.set(packet.subarray(1), this.#size);
    this.#size += packet.length - 1;
  }

  flush(): void {
    if (this.#size === 0) return;
    const chunk = Uint8Array.from(memory.subarray(0, this.#size));
    this.#size = 0;
    this.#onChunk({ stream: this.#stream, chunk });
  }
}
