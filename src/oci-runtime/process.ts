import { StrataError } from '../errors/index.ts';
import type { RunConfig } from '../spec/config.ts';
import { capabilitySets } from './capabilities.ts';
import { type CommandOptions, type ContainerCommand, resolveCommand } from './command.ts';
import { defaultUmask } from './defaults.ts';
import { processEnvironment } from './environment.ts';
import { checkHostname } from './hostname.ts';
import { rlimitsOf, type Ulimit } from './resources.ts';
import type { ProcessSpec } from './spec.ts';
import type { ProcessUser } from './user.ts';
import { resolveWorkingDirectory } from './working-directory.ts';

/** Options of one process: a container's first, or one that joins it. */
export interface ProcessOptions extends CommandOptions {
  /** Resolved inside the container's root filesystem, see `resolveUser`. */
  readonly user: ProcessUser;
  /** Groups in addition to the user's. */
  readonly additionalGids?: readonly number[] | undefined;
  /** `NAME=value`; a bare `NAME` removes the image's variable. */
  readonly env?: readonly string[] | undefined;
  /** Replaces the image's. */
  readonly workingDir?: string | undefined;
  readonly terminal?: boolean | undefined;
  readonly consoleSize?: { readonly height: number; readonly width: number } | undefined;
  readonly noNewPrivileges?: boolean | undefined;
  readonly ulimits?: readonly Ulimit[] | undefined;
  /** -1000 to 1000: the kernel ends processes of a higher score first when memory runs out. */
  readonly oomScoreAdj?: number | undefined;
  /** The container's host name. */
  readonly hostname: string;
  /** The container's bounding set, see `resolveCapabilities`. */
  readonly capabilities: readonly string[];
  /** Arguments before the command: the init program's path in the container, and `--`. */
  readonly initCommand?: readonly string[] | undefined;
}

const maxEnvironmentBytes = 1024 * 1024;

// execve(2) allows a quarter of the stack limit, usually 2 MiB, for arguments and environment together.
function checkSize(command: ContainerCommand, env: readonly string[]): void {
  const bytes = [...command.entrypoint, ...command.args, ...env].reduce((sum, text) => sum + text.length + 9, 0);
  if (bytes <= maxEnvironmentBytes) return;
  throw new StrataError({
    code: 'ERR_COMMAND_TOO_LARGE',
    message: `container: arguments and environment of ${bytes} bytes, more than ${maxEnvironmentBytes}`,
    hint: 'Pass large values in files.',
  });
}

/**
 * Returns the `process` of a runtime document, by docker's rules for command, environment, groups and capabilities.
 * @throws ERR_COMMAND_MISSING, ERR_COMMAND_INVALID, ERR_COMMAND_TOO_LARGE, ERR_ENVIRONMENT_INVALID,
 * ERR_WORKING_DIRECTORY_INVALID, ERR_HOSTNAME_INVALID, ERR_RESOURCES_INVALID
 */
export function createProcess(image: RunConfig, options: ProcessOptions): ProcessSpec {
  const { user } = options;
  const command = resolveCommand(image, options);
  const env = processEnvironment({
    image: image.Env ?? [],
    own: options.env ?? [],
    hostname: checkHostname(options.hostname),
    terminal: options.terminal ?? false,
    home: user.home,
  });
  checkSize(command, env);
  return {
    terminal: options.terminal ?? false,
    ...(options.consoleSize && options.terminal === true ? { consoleSize: options.consoleSize } : {}),
    user: {
      uid: user.uid,
      gid: user.gid,
      umask: defaultUmask,
      // Its own group too: otherwise a setgid program could drop it and get access that the group is denied
      // (CVE-2022-36109).
      additionalGids: [...new Set([user.gid, ...user.additionalGids, ...(options.additionalGids ?? [])])],
    },
    args: [...(options.initCommand ?? []), ...command.entrypoint, ...command.args],
    env,
    cwd: resolveWorkingDirectory(options.workingDir ?? image.WorkingDir ?? ''),
    capabilities: capabilitySets(options.capabilities, user.uid),
    rlimits: rlimitsOf(options.ulimits ?? []),
    noNewPrivileges: options.noNewPrivileges ?? false,
    ...(options.oomScoreAdj === undefined ? {} : { oomScoreAdj: options.oomScoreAdj }),
  };
}
