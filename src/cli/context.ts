import type { Command } from 'commander';
import type { Engine } from '../engine/index.ts';

export interface GlobalOptions {
  readonly config?: string;
  readonly root?: string;
  readonly storageDriver?: string;
  readonly debug?: boolean;
  readonly version?: boolean;
}

/** Where a command writes. */
export interface CommandOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string | Uint8Array) => void;
}

/** What a command gets from the face it runs in; nothing here is global, so tests can run commands side by side. */
export interface CliContext {
  readonly globals: GlobalOptions;
  /** Aborted by an interrupt or a request to terminate. */
  readonly signal: AbortSignal;
  /** From now on such signals are somebody else's: only the third of them still aborts. */
  handOverSignals(): void;
  /** Opens the store at the first call; closed by the face. */
  engine(): Promise<Engine>;
  out(text: string): void;
  /** Bytes for standard output; resolves once they are taken, rejects when nobody reads any more. */
  outBytes(chunk: Uint8Array): Promise<void>;
  err(text: string | Uint8Array): void;
  /** Writes what went wrong, and what to do about it, to standard error. */
  tell(error: unknown): Promise<void>;
  /** As {@link outBytes}, for standard error. */
  errBytes(chunk: Uint8Array): Promise<void>;
  /** A program of this face whose verb is the one that `argv` calls: for the completion of a line. */
  programFor(argv: readonly string[]): Promise<Command>;
  /** An answer to a question: the next line of standard input, empty at its end. */
  readLine(): Promise<string>;
  /** The code the process ends with when the command itself succeeds. */
  setExitCode(code: number): void;
}

/** A verb as it was called: its own command, for what is wrong with the arguments, and the face around it. */
export interface Called {
  readonly command: Command;
  readonly context: CliContext;
}
