import type { AbortOptions } from '../../../lib/abort.ts';

/** Destination of a container's files. */
export interface ExportRequest extends AbortOptions {
  /** Path of the file to write, or a function that receives the bytes and may keep the chunks. */
  readonly output: string | ((chunk: Uint8Array) => Promise<void>);
}

/** Progress of an export. */
export interface ExportEvent {
  readonly type: 'archive';
  /** Bytes written so far. */
  readonly offset: number;
}

/** Result of `containers.export`. */
export interface ExportResult {
  /** Size of the tar. */
  readonly sizeBytes: number;
}
