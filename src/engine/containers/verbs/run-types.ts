import type { CreateRequest } from '../create/create-types.ts';

/**
 * What to run, in the foreground. With `stdio: 'inherit'` and `interactive` standard input is passed on. Without `remove`
 * or `stdio: 'inherit'` the container has a supervisor: it keeps a log, can be attached to, and outlives this program.
 */
export interface RunRequest extends CreateRequest {
  /**
   * `events` (default) tells what the process writes as events, all of it to whoever reads them: the process waits for a
   * slow reader. `inherit` lets it write to this process's own; with `terminal` it uses this process's, which has to have one.
   */
  readonly stdio?: 'events' | 'inherit';
  /**
   * Signals that reach this process go to the container, as in `docker run`; default false. Only without a supervisor, and
   * in the program's main thread.
   */
  readonly forwardSignals?: boolean;
}

export type RunEvent =
  | { readonly type: 'created'; readonly id: string; readonly name: string; readonly warnings: readonly string[] }
  /** From now on signals that reach this process go to the container, with `forwardSignals`. */
  | { readonly type: 'forwarding' }
  /** Its process runs. */
  | { readonly type: 'started' }
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly chunk: Uint8Array };

export interface RunResult {
  readonly id: string;
  /** The process's own; 128 and the signal's number when it was killed. */
  readonly exitCode: number;
}
