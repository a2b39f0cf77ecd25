import type { Command } from 'commander';
import type { AttachedStream, CreateRequest, NetworkMode } from '../../engine/index.ts';
import type { VerbCall } from '../context.ts';
import { exitEngineFailure } from '../exit-codes.ts';
import { readEnvFiles, withOwnValue } from './env-file.ts';
import { parseInteger, readFlag } from './flag-values.ts';
import { collect, notSupportedYet, notYetFlags, passThrough, plainUsageProblem, wrongValue } from './flags.ts';
import { defineHostFlags, type HostFlags, readHostOptions } from './host-flags.ts';
import { laterContainerFlags } from './later-container-flags.ts';

/** Values of the flags of `run` and `create`. */
export interface ContainerFlags extends HostFlags {
  readonly rm?: boolean;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly name?: string;
  readonly cidfile?: string;
  readonly env: readonly string[];
  readonly envFile: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly entrypoint?: string;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly network: readonly string[];
  /** The name `network` had before docker 1.13, still in many scripts. */
  readonly net: readonly string[];
  readonly readOnly?: boolean;
  readonly label: readonly string[];
  readonly labelFile: readonly string[];
  readonly platform?: string;
  readonly stopSignal?: string;
  readonly stopTimeout?: string;
  readonly attach: readonly AttachedStream[];
  /** For `run` only. */
  readonly detach?: boolean;
  readonly pull: string;
  readonly restart: string;
}

/** Adds the arguments and flags that `run` and `create` share. */
export function defineContainerFlags(command: Command): void {
  passThrough(command);
  command
    .argument('<image>', 'Name or ID of an image')
    .argument('[command...]', "Command and arguments, instead of the image's own")
    .option('--rm', 'Automatically remove the container when it exits')
    .option('-i, --interactive', 'Keep STDIN open even if not attached')
    .option('-t, --tty', 'Allocate a pseudo-TTY')
    .option('--name <name>', 'Assign a name to the container')
    .option('--cidfile <path>', 'Write the container ID to the file')
    .option('-e, --env <name=value>', 'Set environment variables', collect, [])
    .option('--env-file <path>', 'Read in a file of environment variables', collect, [])
    .option('-w, --workdir <dir>', 'Working directory inside the container')
    .option('-u, --user <user>', 'Username or UID (format: <name|uid>[:<group|gid>])')
    .option('--entrypoint <path>', 'Overwrite the default ENTRYPOINT of the image')
    .option('-h, --hostname <name>', 'Container host name')
    .option('--domainname <name>', 'Container NIS domain name')
    .option('--network <mode>', 'Network of the container: "none" or "host" (default "none")', collect, [])
    .addOption(command.createOption('--net <mode>').hideHelp().argParser(collect).default([]))
    .option('--read-only', "Mount the container's root filesystem as read only")
    .option('-l, --label <name=value>', 'Set meta data on a container', collect, [])
    .option('--label-file <path>', 'Read in a line delimited file of labels', collect, [])
    .option('--platform <os/architecture>', 'Set platform of a multi-platform image')
    .option('--stop-signal <signal>', 'Signal to stop the container')
    .option('--stop-timeout <seconds>', 'Timeout (in seconds) to stop a container')
    .option('-a, --attach <stream>', 'Attach to STDIN, STDOUT or STDERR', attachedStream(command), [])
    .option('--pull <when>', 'Pull image: "missing" or "never" (without effect: images are not pulled yet)', 'missing')
    .option('-q, --quiet', 'Suppress the pull output (without effect: images are not pulled yet)')
    .option('--restart <policy>', 'Restart policy to apply when a container exits: only "no"', 'no')
    .addOption(command.createOption('--disable-content-trust').hideHelp())
    .helpOption('--help', 'Print usage');
  defineHostFlags(command);
  notYetFlags(command, laterContainerFlags, exitEngineFailure);
}

/**
 * Reads the variables of `-e` and `--env-file`. As in docker, a bare name without a value in the environment removes the
 * variable in `-e` and is ignored in a file. Throws ERR_USAGE, ERR_ENV_FILE, ERR_FILE_UNUSABLE.
 */
export async function readEnvironment(
  { command, context }: VerbCall,
  flags: Pick<ContainerFlags, 'env' | 'envFile'>,
): Promise<string[]> {
  const fromFiles = await readEnvFiles(flags.envFile, context.signal);
  return [
    ...fromFiles.map(withOwnValue).filter((entry) => entry.includes('=')),
    ...flags.env.map(checkEnv(command)).map(withOwnValue),
  ];
}

/** Reads the flags into a request. Throws ERR_USAGE, ERR_ENV_FILE, ERR_FILE_UNUSABLE, ERR_NOT_SUPPORTED_YET. */
export async function readContainerRequest(
  call: VerbCall,
  flags: ContainerFlags,
  image: string,
  words: readonly string[],
): Promise<CreateRequest> {
  const { command, context } = call;
  refuseLaterValues(flags);
  const labels = await readEnvFiles(flags.labelFile, context.signal);
  return {
    image,
    command: words,
    environment: await readEnvironment(call, flags),
    network: networkOf([...flags.network, ...flags.net]),
    labels: Object.fromEntries([...labels, ...flags.label].map(splitLabel(command))),
    remove: flags.rm === true,
    interactive: flags.interactive === true,
    attach: streamsToAttach(flags),
    terminal: flags.tty === true,
    ...(flags.tty === true ? terminalSize() : {}),
    readOnly: flags.readOnly === true,
    // An empty value counts as absent, as in docker: scripts use `--name "$NAME"`.
    ...(flags.name ? { name: flags.name } : {}),
    ...(flags.workdir ? { workingDirectory: flags.workdir } : {}),
    ...(flags.user ? { user: flags.user } : {}),
    ...(flags.entrypoint === undefined ? {} : { entrypoint: [flags.entrypoint] }),
    ...(flags.hostname ? { hostname: flags.hostname } : {}),
    ...(flags.domainname ? { domainname: flags.domainname } : {}),
    ...(flags.platform ? { platform: flags.platform } : {}),
    host: await readHostOptions(command, flags, context.signal),
    ...(flags.stopSignal === undefined ? {} : { stopSignal: flags.stopSignal }),
    ...(flags.stopTimeout === undefined
      ? {}
      : { stopTimeout: parseWholeNumber(command, '--stop-timeout', flags.stopTimeout) }),
  };
}

/** Parses the value of a flag that takes a whole number. Throws ERR_USAGE in docker's words. */
export const parseWholeNumber = (command: Command, flag: string, text: string): number =>
  readFlag(command, flag, text, parseInteger);

/** Returns docker's choice of streams: output and error by default, none with `--detach`. */
function streamsToAttach({ attach, interactive, detach }: ContainerFlags): readonly AttachedStream[] {
  if (detach === true) return [];
  const outputs: readonly AttachedStream[] = attach.length === 0 ? ['stdout', 'stderr'] : attach;
  return interactive === true ? ['stdin', ...outputs] : outputs;
}

// The runtime sets the size as well, but only after the process has started and may have read it.
function terminalSize(): { readonly terminalSize?: { readonly rows: number; readonly columns: number } } {
  const [columns, rows] = process.stdout.isTTY ? process.stdout.getWindowSize() : [0, 0];
  return columns > 0 && rows > 0 ? { terminalSize: { rows, columns } } : {};
}

/**
 * Reads the network. As in docker, an empty name is the default. Two networks are refused: to choose the less confined
 * one silently would be unsafe.
 */
function networkOf(modes: readonly string[]): NetworkMode {
  const [mode = '', second] = modes;
  if (second !== undefined) {
    throw plainUsageProblem(
      `conflicting options: several networks (${modes.join(', ')}); a container has only one`,
      'Give --network once.',
    );
  }
  if (mode === 'none' || mode === 'host') return mode;
  if (mode === '') return 'none';
  throw notSupportedYet(`--network ${mode}`, 'Use --network none or --network host.');
}

/** Refuses docker's values that Strata lacks, of flags that it has. */
function refuseLaterValues({ pull, restart }: ContainerFlags): void {
  if (pull === 'always') {
    throw notSupportedYet('--pull always', 'Load or import the newer image first.', exitEngineFailure);
  }
  if (!['missing', 'never', ''].includes(pull)) {
    const known = `must be one of "always", "missing" or "never"`;
    throw plainUsageProblem(`invalid pull option: '${pull}': ${known}`, 'Use --pull missing or --pull never.');
  }
  if (restart === 'no' || restart === '') return;
  const hint = "Leave it out: a container stays stopped until 'strata start'.";
  throw notSupportedYet(`--restart ${restart}`, hint, exitEngineFailure);
}

const attachedStream =
  (command: Command) =>
  (text: string, before: readonly AttachedStream[]): AttachedStream[] => {
    const stream = text.toLowerCase();
    if (stream === 'stdin' || stream === 'stdout' || stream === 'stderr') return [...before, stream];
    throw wrongValue(command, text, '-a, --attach', 'valid streams are STDIN, STDOUT and STDERR');
  };

const splitLabel =
  (command: Command) =>
  (pair: string): [string, string] => {
    const [name = ''] = pair.split('=', 1);
    if (name === '') throw wrongValue(command, pair, '-l, --label', `invalid label '${pair}': empty name`);
    return [name, pair.slice(name.length + 1)];
  };

const checkEnv =
  (command: Command) =>
  (entry: string): string => {
    if (entry !== '' && !entry.startsWith('=')) return entry;
    throw wrongValue(command, entry, '-e, --env', `invalid environment variable: ${entry}`);
  };
