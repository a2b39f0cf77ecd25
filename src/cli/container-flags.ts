import type { Command } from 'commander';
import type { CreateRequest } from '../engine/index.ts';
import { fromOwnEnvironment, readEnvFile } from './env-file.ts';
import { collect, notSupportedYet, notYetFlags, passThrough, usageProblem } from './flags.ts';

/** What `run` and `create` are told of a container. */
export interface ContainerFlags {
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
  readonly network: string;
  readonly readOnly?: boolean;
  readonly label: readonly string[];
  readonly stopSignal?: string;
  readonly stopTimeout?: string;
}

/** Arguments and flags that `run` and `create` share. */
export function defineContainerFlags(command: Command): void {
  passThrough(command);
  command
    .argument('<image>')
    .argument('[command...]', "what to run instead of the image's own command")
    .option('--rm', 'remove the container when it ends')
    .option('-i, --interactive', 'pass standard input on')
    .option('-t, --tty', 'give it a terminal')
    .option('--name <name>', 'name of the container')
    .option('--cidfile <path>', 'write the container ID to a file')
    .option('-e, --env <name=value>', 'set a variable', collect, [])
    .option('--env-file <path>', 'set variables from a file', collect, [])
    .option('-w, --workdir <dir>', 'working directory inside')
    .option('-u, --user <user>', 'user[:group], names of the image or numbers')
    .option('--entrypoint <path>', "program to run instead of the image's entrypoint")
    .option('-h, --hostname <name>', 'host name inside')
    .option('--network <mode>', 'none or host', 'none')
    .option('--read-only', "mount the container's root read-only")
    .option('-l, --label <name=value>', 'label of the container', collect, [])
    .option('--stop-signal <signal>', 'what stop sends to the container')
    .option('--stop-timeout <seconds>', 'how long stop waits before it kills')
    .helpOption('--help', 'show this help');
  notYetFlags(command, [
    '--add-host <h>',
    '--annotation <a>',
    '-a, --attach <s>',
    '--cap-add <c>',
    '--cap-drop <c>',
    '--cgroup-parent <c>',
    '--cpus <n>',
    '-c, --cpu-shares <n>',
    '--cpuset-cpus <c>',
    '--device <d>',
    '--dns <d>',
    '--expose <p>',
    '--gpus <g>',
    '--group-add <g>',
    '--health-cmd <c>',
    '--init',
    '--ipc <i>',
    '--log-driver <l>',
    '-m, --memory <m>',
    '--mount <m>',
    '--no-healthcheck',
    '--oom-kill-disable',
    '--pid <p>',
    '--pids-limit <n>',
    '--platform <p>',
    '--privileged',
    '-p, --publish <p>',
    '-P, --publish-all',
    '--pull <p>',
    '--restart <r>',
    '--security-opt <s>',
    '--shm-size <s>',
    '--storage-opt <s>',
    '--sysctl <s>',
    '--tmpfs <t>',
    '--ulimit <u>',
    '--userns <u>',
    '--uts <u>',
    '-v, --volume <v>',
    '--volumes-from <c>',
  ]);
}

/** What the flags ask for. Throws ERR_USAGE, ERR_ENV_FILE, ERR_NOT_SUPPORTED_YET. */
export function containerRequest(
  command: Command,
  flags: ContainerFlags,
  image: string,
  words: readonly string[],
): CreateRequest {
  return {
    image,
    command: words,
    environment: [...flags.envFile.flatMap(readEnvFile), ...flags.env].flatMap(fromOwnEnvironment),
    network: networkOf(flags.network),
    labels: Object.fromEntries(flags.label.map(splitLabel)),
    remove: flags.rm === true,
    interactive: flags.interactive === true,
    terminal: flags.tty === true,
    ...(flags.tty === true ? terminalSize() : {}),
    readOnly: flags.readOnly === true,
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.workdir === undefined ? {} : { workingDirectory: flags.workdir }),
    ...(flags.user === undefined ? {} : { user: flags.user }),
    ...(flags.entrypoint === undefined ? {} : { entrypoint: [flags.entrypoint] }),
    ...(flags.hostname === undefined ? {} : { hostname: flags.hostname }),
    ...(flags.stopSignal === undefined ? {} : { stopSignal: flags.stopSignal }),
    ...(flags.stopTimeout === undefined
      ? {}
      : { stopTimeout: wholeNumber(command, '--stop-timeout', flags.stopTimeout) }),
  };
}

/** The value of a flag that takes a whole number, in docker's words when it is none. Throws ERR_USAGE. */
export function wholeNumber(command: Command, flag: string, text: string): number {
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text);
  const shown = JSON.stringify(text);
  throw usageProblem(
    command,
    `invalid argument ${shown} for "${flag}" flag: strconv.ParseInt: parsing ${shown}: invalid syntax`,
  );
}

// The runtime sets the size of its own accord, but only once the process runs and may have looked.
function terminalSize(): { readonly terminalSize?: { readonly rows: number; readonly columns: number } } {
  const [columns, rows] = process.stdout.isTTY ? process.stdout.getWindowSize() : [0, 0];
  return columns > 0 && rows > 0 ? { terminalSize: { rows, columns } } : {};
}

function networkOf(mode: string): 'none' | 'host' {
  if (mode === 'none' || mode === 'host') return mode;
  throw notSupportedYet(`--network ${mode}`, 'One of none, host.');
}

const splitLabel = (pair: string): [string, string] => {
  const at = pair.indexOf('=');
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
};
