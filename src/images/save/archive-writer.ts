import { encodeTarHeader, tarEnd, tarPadding } from '../../archive/tar/writer.ts';
import { utf8 } from '../../lib/bytes.ts';
import { invariant } from '../../lib/invariant.ts';

/** Takes the next chunk of an archive. The chunk may be reused once this resolves. */
export type WriteBytes = (chunk: Uint8Array) => Promise<void>;

/** Writes a tar whose bytes depend on names and contents alone: no times, no owners. */
export class ArchiveWriter {
  readonly #write: WriteBytes;

  constructor(write: WriteBytes) {
    this.#write = write;
  }

  /** `name` ends with a slash. */
  async directory(name: string): Promise<void> {
    await this.#write(header(name, 'directory', 0o755, 0));
  }

  async file(name: string, sizeBytes: number, content: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#write(header(name, 'file', 0o644, sizeBytes));
    let written = 0;
    for await (const chunk of content) {
      written += chunk.length;
      await this.#write(chunk);
    }
    invariant(written === sizeBytes, `archive file ${name} has the ${sizeBytes} bytes that its header has`);
    const padding = tarPadding(sizeBytes);
    if (padding.length > 0) await this.#write(padding);
  }

  async end(): Promise<void> {
    await this.#write(tarEnd);
  }
}

const header = (name: string, type: 'file' | 'directory', mode: number, sizeBytes: number): Uint8Array =>
  encodeTarHeader({ path: utf8(name), type, mode, uid: 0, gid: 0, sizeBytes, mtime: { seconds: 0, nanoseconds: 0 } });
