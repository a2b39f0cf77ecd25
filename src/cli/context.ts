import type { Command } from 'commander';
import type { Engine } from '../engine/index.ts';

export interface GlobalOptions {
  readonly config?: string;
  readonly root?: string;
  readonly storageDriver?: string;
  readonly debug?: boolean;
  readonly version?: boolean;
}

/** Standard output and error of a command. */
export interface CommandOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string | Uint8Array) => void;
}

/** Everything a command gets from its face. Nothing in it is global, so tests can run commands side by side. */
export interface CliContext {
  readonly globals: GlobalOptions;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** Leaves SIGINT and SIGTERM to a container from now on; only the third still aborts. */
  handOverSignals(): void;
  /** Opens the store at the first call; the face closes it. */
  engine(): Promise<Engine>;
  out(text: string): void;
  /** Writes bytes to standard output. Resolves once they are written, rejects with ERR_OUTPUT_CLOSED without a reader. */
  outBytes(chunk: Uint8Array): Promise<void>;
  err(text: string | Uint8Array): void;
  /** Writes an error and its hint to standard error. */
  reportError(error: unknown): Promise<void>;
  /** Does as {@link outBytes}, for standard error. */
  errBytes(chunk: Uint8Array): Promise<void>;
  /** Returns a program of this face with the verb defined that `argv` calls, for the completion of a line. */
  programFor(argv: readonly string[]): Promise<Command>;
  /** Reads the next line of standard input, empty at its end. */
  readLine(): Promise<string>;
  /** Sets the exit code of a command that succeeds by itself. */
  setExitCode(code: number): void;
}

/** A called verb: its own command, for errors in its arguments, and the face around it. */
export interface VerbCall {
  readonly command: Command;
  readonly context: CliContext;
}
