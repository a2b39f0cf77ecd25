import type { ErrorData } from './error-data.ts';

/** To a worker. */
export type WorkerOrder =
  /** The first word of `abort` becomes non-zero when the job is to end; an `abort` message comes as well. */
  | { readonly kind: 'job'; readonly number: number; readonly job: unknown; readonly abort: SharedArrayBuffer }
  | { readonly kind: 'abort'; readonly number: number }
  /** An event of this number has been dealt with. */
  | { readonly kind: 'taken'; readonly event: number }
  | { readonly kind: 'end' };

/** From a worker. */
export type WorkerReport =
  /** A number asks for `taken`. */
  | { readonly kind: 'event'; readonly number: number; readonly event: unknown; readonly delivery: number | undefined }
  | { readonly kind: 'done'; readonly number: number; readonly result: unknown }
  | { readonly kind: 'aborted'; readonly number: number }
  | { readonly kind: 'failed'; readonly number: number; readonly error: ErrorData };
