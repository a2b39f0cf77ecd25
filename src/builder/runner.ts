import type { AbortOptions } from '../lib/abort.ts';
import type { NetworkMode } from '../oci-runtime/network-mode.ts';
import type { Mount } from '../sys/mount-list.ts';
import type { OutputStream } from './solver/log.ts';

/** Gets what a command writes; `taken` is to be called when it is dealt with: until then a fast writer waits. */
export type OnOutput = (stream: OutputStream, chunk: Uint8Array, taken: () => void) => void;

/** What a step of RUN starts, and what that finds around it. */
export interface StepCommand {
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  /** `user[:group]`, names of the image or numbers; empty for root. */
  readonly user: string;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly network: NetworkMode;
  /** Executable files laid into the container, by path: content. */
  readonly scripts: Readonly<Record<string, string>>;
}

/** One command to run in an image's filesystem. */
export interface RunRequest extends StepCommand, AbortOptions {
  /** The filesystem, not mounted yet; its changes stay. */
  readonly root: readonly Mount[];
  readonly onOutput: OnOutput;
}

/** Runs the commands of RUN. The engine plugs one in that uses containers, which the builder knows nothing of. */
export interface Runner {
  /**
   * Runs a command to its end, with nothing to read; what it has started ends with it. Whatever kills this process,
   * nothing stays mounted. An abort kills it and rejects with the signal's reason. A command that cannot be started
   * gives ERR_CONTAINER_START with `details.exitCode`.
   */
  run(request: RunRequest): Promise<{ readonly exitCode: number }>;
}
