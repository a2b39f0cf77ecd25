import type { ErrorData } from './error-data.ts';

/** Message to a worker. */
export type WorkerOrder =
  /** The first word of `abort` becomes non-zero when the job must end; an `abort` message follows as well. */
  | { readonly kind: 'job'; readonly number: number; readonly job: unknown; readonly abort: SharedArrayBuffer }
  | { readonly kind: 'abort'; readonly number: number }
  /** Acknowledges the event of this number. */
  | { readonly kind: 'taken'; readonly event: number }
  | { readonly kind: 'end' };

/** Message from a worker. */
export type WorkerReport =
  /** With `delivery`, the worker waits for `taken` with that number. */
  | { readonly kind: 'event'; readonly number: number; readonly event: unknown; readonly delivery: number | undefined }
  | { readonly kind: 'done'; readonly number: number; readonly result: unknown }
  | { readonly kind: 'aborted'; readonly number: number }
  | { readonly kind: 'failed'; readonly number: number; readonly error: ErrorData };
