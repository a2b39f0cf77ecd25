import type { AbortOptions } from '../../lib/abort.ts';
import type { ArchiveFormat } from './write-archive.ts';

/** Images to be written into one archive. */
export interface SaveRequest extends AbortOptions {
  /** Names or IDs; a repository without a tag is all its tags. */
  readonly images: readonly string[];
  /**
   * Path of the file to make, or what takes the bytes. A file is there only when it is complete, and takes the place of
   * an older one.
   */
  readonly output: string | ((chunk: Uint8Array) => Promise<void>);
  /** Default `docker-archive`. */
  readonly format?: ArchiveFormat;
  /** `os/architecture[/variant]`: the one to take of images for several, default this machine's. */
  readonly platform?: string;
}

export interface SaveResult {
  /** Bytes of the archive. */
  readonly sizeBytes: number;
}
