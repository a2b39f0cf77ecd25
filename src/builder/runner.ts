import type { AbortOptions } from '../lib/abort.ts';
import type { NetworkMode } from '../oci-runtime/network-mode.ts';
import type { Mount } from '../sys/mount-list.ts';
import type { OutputStream } from './solver/log.ts';

/**
 * Receives output of a command. `taken` is to be called when the chunk is processed: until then a fast writer waits.
 */
export type OnStepOutput = (stream: OutputStream, chunk: Uint8Array, taken: () => void) => void;

/** A command of RUN and its surroundings. */
export interface StepCommand {
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  /** `user[:group]`, names of the image or numbers; empty for root. */
  readonly user: string;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly network: NetworkMode;
  /** Executable files for the container: content by path. */
  readonly scripts: Readonly<Record<string, string>>;
}

/** One command to run in an image's filesystem. */
export interface RunnerRequest extends StepCommand, AbortOptions {
  /** Mounts of the filesystem, not mounted yet; changes in it are kept. */
  readonly root: readonly Mount[];
  readonly onOutput: OnStepOutput;
}

/** Runs the commands of RUN. The engine provides one that uses containers, which the builder does not know. */
export interface Runner {
  /**
   * Runs a command to its end, with an empty standard input; processes that it has started end with it. Nothing stays
   * mounted, even when this process is killed. An abort kills the command and rejects with the signal's reason. A
   * command that cannot be started rejects with ERR_CONTAINER_START and `details.exitCode`.
   */
  run(request: RunnerRequest): Promise<{ readonly exitCode: number }>;
}
