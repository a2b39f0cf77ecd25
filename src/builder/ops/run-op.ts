import { exhaustionOf } from '../../content/disk-failure.ts';
import { excerpt, quote } from '../../dockerfile/quote.ts';
import { isStrataError, StrataError } from '../../errors/index.ts';
import type { Platform } from '../../spec/platform.ts';
import { type Mount, writableDirectoryOf } from '../../sys/mount-list.ts';
import type { Runner, StepCommand } from '../runner.ts';
import { definitionOf, stepKey } from '../solver/step-key.ts';
import type { Keyed, Op, OpContext } from '../solver/types.ts';
import { StepLog } from '../step-log.ts';
import type { FilesystemResult } from './filesystem-result.ts';
import type { MountWorkspace } from './workspace.ts';

/**
 * A RUN, resolved as far as possible before it runs. Its environment has the image's variables and the ARGs in scope.
 */
export interface RunStep extends StepCommand {
  /** Proxies given to the build. They affect how files are fetched, not which, and so are in no key. */
  readonly proxies: readonly string[];
  /** Line in the Dockerfile. */
  readonly line: number;
}

export interface RunOpOptions extends RunStep {
  readonly platform: Platform;
  readonly runner: Runner;
  readonly workspace: MountWorkspace;
}

/** RUN: a command in the filesystem below; its changes are the step's result. */
export class RunOp implements Op<FilesystemResult> {
  readonly definition: string;
  readonly isKeyedByDefinition = true;
  readonly #options: RunOpOptions;

  constructor(options: RunOpOptions) {
    const { args, env, user, workingDirectory, network, scripts, platform } = options;
    this.definition = definitionOf('run-v2', { args, env, user, workingDirectory, network, scripts, platform });
    this.#options = options;
  }

  async key(inputs: readonly FilesystemResult[]): Promise<Keyed<FilesystemResult>> {
    return { digest: stepKey(this.definition, inputs), exec: async (context) => await this.#exec(inputs[0], context) };
  }

  /**
   * Runs the command. It may do something else each time, so its result is identified by the snapshot, whose ID is
   * never reused. A diffID would identify equal changes, but new files differ in their times, and an image without this
   * step would have to hash all of it. A command without any changes is detected quickly, and identified by its parent:
   * steps above a check that was run again come from the cache.
   */
  async #exec(parent: FilesystemResult | undefined, context: OpContext): Promise<FilesystemResult> {
    const { signal } = context;
    const { workspace } = this.#options;
    const { snapshotId, isUnchanged } = await workspace.run(parent?.snapshotId, (root) => this.#run(root, context), {
      signal,
    });
    const identity = isUnchanged ? definitionOf('unchanged-v1', [parent?.identity]) : `snapshot:${snapshotId}`;
    return { identity, snapshotId, createdAt: Date.now() };
  }

  async #run(root: readonly Mount[], { signal, log }: OpContext): Promise<void> {
    const { args, env, proxies, user, workingDirectory, network, scripts, runner } = this.#options;
    const stepLog = new StepLog(log);
    const request = { root, args, env: [...proxies, ...env], user, workingDirectory, network, scripts };
    try {
      const { exitCode } = await runner.run({ ...request, onOutput: stepLog.write, signal });
      stepLog.end();
      if (exitCode !== 0) throw this.#runError(exitCode, `exit code: ${exitCode}`, root, stepLog);
    } catch (error) {
      if (!isStrataError(error, 'ERR_CONTAINER_START')) throw error;
      const given = error.details?.['exitCode'];
      const exitCode = typeof given === 'number' ? given : 125;
      throw this.#runError(exitCode, error.message, root, stepLog, error);
    }
  }

  #runError(
    exitCode: number,
    why: string,
    root: readonly Mount[],
    { tail }: StepLog,
    cause?: StrataError,
  ): StrataError {
    const { args, line } = this.#options;
    const lacksProgram =
      exitCode === 127 && cause !== undefined && /^container: (?:exec: |executable file )/.test(cause.message);
    const hint = hintOfFullDisk(root) ?? (lacksProgram ? noProgram : cause?.hint);
    return new StrataError({
      code: 'ERR_RUN_FAILED',
      message: `dockerfile line ${line}: process ${quote(excerpt(args.join(' ')))} did not complete successfully: ${why}`,
      ...(hint === undefined ? {} : { hint }),
      details: { exitCode, line, log: tail },
      cause,
    });
  }
}

// The hint of a container's start is about its entrypoint, which a step does not use.
const noProgram = 'Install the program in a step before, build on an image that has it, or correct its name.';

/** Returns a hint when the store's disk is full. The files of the failed step still exist at this point. */
function hintOfFullDisk(root: readonly Mount[]): string | undefined {
  const directory = writableDirectoryOf(root);
  const full = directory === undefined ? undefined : exhaustionOf(directory);
  return full && `The store's disk may be why: ${full}. Remove images or build cache that are no longer needed.`;
}
