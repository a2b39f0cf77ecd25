import type { AbortOptions } from '../lib/abort.ts';

/** What to run. Everything left out is as the image says. */
export interface RunRequest extends AbortOptions {
  /** A reference, an image ID or the beginning of one. */
  readonly image: string;
  readonly command?: readonly string[];
  /** In place of the image's; `[]` takes it away. */
  readonly entrypoint?: readonly string[];
  /** `NAME=value`; a bare `NAME` takes the image's variable away. */
  readonly environment?: readonly string[];
  readonly workingDirectory?: string;
  /** `user[:group]`: names of the image, or numbers. */
  readonly user?: string;
  readonly hostname?: string;
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Default `none`. */
  readonly network?: 'none' | 'host';
  readonly readOnly?: boolean;
  /** Removes the container when it ended, whatever its exit code. */
  readonly remove?: boolean;
  readonly terminal?: boolean;
  /** What the terminal measures when the process first looks; later changes are passed on with SIGWINCH. */
  readonly terminalSize?: { readonly rows: number; readonly columns: number };
  /** With `stdio: 'inherit'`: passes standard input on. */
  readonly interactive?: boolean;
  /**
   * `events` (default) tells what the process writes as events, all of it to whoever reads them: the process waits for a
   * slow reader. `inherit` lets it write to this process's own.
   */
  readonly stdio?: 'events' | 'inherit';
}

export type RunEvent =
  | { readonly type: 'created'; readonly id: string; readonly name: string }
  /** From now on signals that reach this process go to the container, if they are passed on at all. */
  | { readonly type: 'started' }
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly chunk: Uint8Array };

export interface RunResult {
  readonly id: string;
  /** The process's own; 128 and the signal's number when it was killed. */
  readonly exitCode: number;
}
