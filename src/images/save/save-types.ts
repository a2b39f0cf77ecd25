import type { AbortOptions } from '../../lib/abort.ts';
import type { ArchiveFormat } from './write-archive.ts';

/** Images to write into one archive. */
export interface SaveRequest extends AbortOptions {
  /** Names or IDs; a repository without a tag stands for all its tags. */
  readonly images: readonly string[];
  /**
   * Path of the new file, or a function that takes the bytes. The file appears only when it is complete, and replaces
   * an older one.
   */
  readonly output: string | ((chunk: Uint8Array) => Promise<void>);
  /** Default `docker-archive`. */
  readonly format?: ArchiveFormat;
  /** `os/architecture[/variant]`: the platform to take of an image for several. Default: this machine's. */
  readonly platform?: string;
}

export interface SaveResult {
  /** Bytes of the archive. */
  readonly sizeBytes: number;
}
