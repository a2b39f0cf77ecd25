import type { CreateRequest } from '../create/create-types.ts';

/**
 * A container to run in the foreground. With `stdio: 'inherit'` and `interactive`, standard input is passed on. Without
 * `remove` and `stdio: 'inherit'` the container has a supervisor: it keeps a log, can be attached to, and outlives this
 * program.
 */
export interface RunRequest extends CreateRequest {
  /**
   * `events` (default): output arrives as events, and the process waits for a slow reader. `inherit`: it uses the streams of
   * this process, with `terminal` also its terminal, which must exist.
   */
  readonly stdio?: 'events' | 'inherit';
  /**
   * Passes signals that reach this process on to the container, as `docker run` does. Default false. Only without a
   * supervisor, and in the program's main thread.
   */
  readonly forwardSignals?: boolean;
}

/** Progress and output of a run. */
export type RunEvent =
  | { readonly type: 'created'; readonly id: string; readonly name: string; readonly warnings: readonly string[] }
  /** With `forwardSignals`: signals are passed on from now on. */
  | { readonly type: 'forwarding' }
  /** The process runs. */
  | { readonly type: 'started' }
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly chunk: Uint8Array };

/** Result of `containers.run`. */
export interface RunResult {
  /** ID of the container. */
  readonly id: string;
  /** The process's own, or 128 plus the signal's number after a kill. */
  readonly exitCode: number;
}
