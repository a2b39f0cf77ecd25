import { writeFileSync } from 'node:fs';
import { StrataError } from '../../errors/index.ts';
import { readUserDatabases } from '../../images/user-databases.ts';
import { resolveCapabilities } from '../../oci-runtime/capabilities.ts';
import type { Machine } from '../../oci-runtime/create-runtime-spec.ts';
import { formatRuntimeDocument } from '../../oci-runtime/format.ts';
import { createProcess } from '../../oci-runtime/process.ts';
import { resolveGroups, resolveUser } from '../../oci-runtime/user.ts';
import { RootedTree } from '../../sys/rooted-tree.ts';
import type { TerminalSize } from '../attach/attachment.ts';
import { definitionOptions } from '../runtime/runtime-options.ts';
import { refuseUnsafeUserFiles } from '../runtime/unsafe-user-files.ts';
import type { ContainerDefinition } from '../state.ts';

/** A process that joins a running container; absent values are the container's. */
export interface ExecRequest {
  readonly command: readonly string[];
  /** `NAME=value`, over the container's own. */
  readonly environment?: readonly string[] | undefined;
  /** `user[:group]`, names of the container or numbers. */
  readonly user?: string | undefined;
  readonly workingDirectory?: string | undefined;
  /** Gives all capabilities. Filters and masks stay the container's. */
  readonly privileged?: boolean | undefined;
  readonly terminal?: boolean | undefined;
  /** Initial size of its terminal. */
  readonly terminalSize?: TerminalSize | undefined;
}

/** The running container. */
export interface ExecTarget {
  readonly id: string;
  readonly definition: ContainerDefinition;
  /** Its first process, by the host's number. */
  readonly pid: number;
  readonly machine: Machine;
}

/**
 * Writes the runtime's document for the process to `path`. Users and groups are looked up in the container's current
 * files, in its root as it sees it, by descriptor. Throws ERR_COMMAND_MISSING, ERR_USER_UNKNOWN, ERR_USER_INVALID,
 * ERR_ROOTFS_UNSAFE, the errors of `createProcess`, and ENOENT when the container has ended.
 */
export function writeExecProcess(path: string, target: ExecTarget, request: ExecRequest): void {
  if (request.command.length === 0) throw commandMissing();
  const { config, host } = target.definition;
  const options = definitionOptions(target.definition, { id: target.id, machine: target.machine, ownMounts: [] });
  using tree = RootedTree.open(`/proc/${target.pid}/root`);
  refuseUnsafeUserFiles(tree);
  const databases = readUserDatabases(tree);
  const size = request.terminalSize;
  const spec = createProcess(
    { WorkingDir: config.WorkingDir ?? '' },
    {
      ...options,
      args: request.command,
      // In docker's order: the container's first.
      env: [...(config.Env ?? []), ...(request.environment ?? [])],
      workingDir: request.workingDirectory,
      user: resolveUser(request.user ?? config.User ?? '', databases),
      additionalGids: resolveGroups(host.GroupAdd ?? [], databases),
      terminal: request.terminal === true,
      consoleSize: size === undefined ? undefined : { height: size.rows, width: size.columns },
      capabilities: resolveCapabilities({
        ...options.capabilities,
        privileged: options.privileged === true || request.privileged === true,
        available: target.machine.capabilities,
      }),
    },
  );
  writeFileSync(path, formatRuntimeDocument(spec), { mode: 0o600 });
}

const commandMissing = (): StrataError =>
  new StrataError({
    code: 'ERR_COMMAND_MISSING',
    message: 'no command specified',
    hint: 'Say what to run in the container.',
  });
