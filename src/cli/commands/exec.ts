import type { Command } from 'commander';
import { isStrataError } from '../../errors/index.ts';
import { parseDetachKeys } from '../../terminal/detach-keys.ts';
import type { CliContext, VerbCall } from '../context.ts';
import { type ContainerFlags, readEnvironment } from '../flags/container-flags.ts';
import { collect, passThrough } from '../flags/flags.ts';
import { ownTerminalSize } from '../terminal/console.ts';
import { refuseWithoutTerminal, stayAttached } from '../terminal/stay-attached.ts';

interface ExecFlags extends Pick<ContainerFlags, 'env' | 'envFile'> {
  readonly detach?: boolean;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly user?: string;
  readonly workdir?: string;
  readonly privileged?: boolean;
  readonly detachKeys?: string;
}

export function define(command: Command, context: CliContext): void {
  passThrough(command);
  command
    .argument('<container>', 'Name or ID of a container')
    .argument('<command...>', 'Command and arguments')
    .option('-d, --detach', 'Detached mode: run command in the background')
    .option('-i, --interactive', 'Keep STDIN open even if not attached')
    .option('-t, --tty', 'Allocate a pseudo-TTY')
    .option('-e, --env <name=value>', 'Set environment variables', collect, [])
    .option('--env-file <path>', 'Read in a file of environment variables', collect, [])
    .option('-u, --user <user>', 'Username or UID (format: "<name|uid>[:<group|gid>]")')
    .option('-w, --workdir <dir>', 'Working directory inside the container')
    .option('--privileged', 'Give extended privileges to the command')
    .option('--detach-keys <keys>', 'Override the key sequence for detaching a container (default "ctrl-p,ctrl-q")')
    .action(async (name: string, words: readonly string[], flags: ExecFlags) =>
      exec({ command, context }, name, words, flags),
    );
}

async function exec(
  { command, context }: VerbCall,
  name: string,
  words: readonly string[],
  flags: ExecFlags,
): Promise<void> {
  const { signal } = context;
  const terminal = flags.tty === true;
  const interactive = flags.interactive === true;
  const detachKeys = parseDetachKeys(flags.detachKeys ?? '');
  if (flags.detach !== true) refuseWithoutTerminal(interactive, terminal);
  const request = {
    command: words,
    environment: await readEnvironment({ command, context }, flags),
    // An empty value counts as absent, as in docker.
    user: flags.user || undefined,
    workingDirectory: flags.workdir || undefined,
    privileged: flags.privileged === true,
    terminal,
    terminalSize: ownTerminalSize(),
    interactive,
    signal,
  };
  const { containers } = await context.engine();
  try {
    if (flags.detach === true) {
      await using _left = await containers.exec(name, { ...request, stdio: 'ignore' });
      return;
    }
    if (!terminal) {
      await using process = await containers.exec(name, { ...request, stdio: 'inherit' });
      return context.setExitCode(await process.exitCode);
    }
    await using attached = await containers.exec(name, request);
    const end = await stayAttached(context, containers, attached, {
      input: interactive,
      passesSignals: false,
      detachKeys,
    });
    if (end === 'detached') context.err('read escape sequence\n');
    context.setExitCode(end === 'detached' ? 1 : end);
  } catch (error) {
    const exitCode = exitCodeOfExec(error);
    if (exitCode === undefined) throw error;
    await context.reportError(error);
    context.setExitCode(exitCode);
  }
}

const notRunnable: ReadonlySet<string> = new Set([
  'ERR_USER_UNKNOWN',
  'ERR_USER_INVALID',
  'ERR_COMMAND_INVALID',
  'ERR_COMMAND_TOO_LARGE',
  'ERR_WORKING_DIRECTORY_INVALID',
]);

/** Returns docker's exit code for a process that cannot be started, undefined for any other failure. */
function exitCodeOfExec(error: unknown): number | undefined {
  if (!isStrataError(error)) return undefined;
  const code = error.details?.['exitCode'];
  if (typeof code === 'number') return code;
  return notRunnable.has(error.code) ? 126 : undefined;
}
