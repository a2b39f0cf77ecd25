import type { AbortOptions } from '../../../lib/abort.ts';

/** Where a container's files go. */
export interface ExportRequest extends AbortOptions {
  /** Path of the file to write, or what takes the bytes; the chunks are its own. */
  readonly output: string | ((chunk: Uint8Array) => Promise<void>);
}

/** How many bytes are written. */
export interface ExportEvent {
  readonly type: 'archive';
  readonly offset: number;
}

export interface ExportResult {
  readonly sizeBytes: number;
}
