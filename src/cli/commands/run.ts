import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { isStrataError, StrataError } from '../../errors/index.ts';
import { errnoOf } from '../../sys/errno.ts';
import type { CliContext } from '../context.ts';
import { exitEngineFailure } from '../exit-codes.ts';
import { fileProblem } from '../file-problem.ts';
import { collect, notSupportedYet, notYetFlags, passThrough, usageProblem } from '../flags.ts';
import { renderError } from '../render/error.ts';

interface RunFlags {
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
}

export function define(command: Command, context: CliContext): void {
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
    .helpOption('--help', 'show this help')
    .action(async (image: string, words: readonly string[], flags: RunFlags) =>
      run({ command, context }, image, words, flags),
    );
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
    '-d, --detach',
    '--detach-keys <k>',
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
    '--sig-proxy',
    '--stop-signal <s>',
    '--stop-timeout <n>',
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

interface Called {
  readonly command: Command;
  readonly context: CliContext;
}

async function run(
  { command, context }: Called,
  image: string,
  words: readonly string[],
  flags: RunFlags,
): Promise<void> {
  try {
    refuseWithoutTerminal(flags);
    if (flags.cidfile !== undefined && existsSync(flags.cidfile)) throw standing(command, flags.cidfile);
    const network = networkOf(flags.network);
    const environment = [...flags.envFile.flatMap(readEnvFile), ...flags.env].flatMap(fromOwnEnvironment);
    const engine = await context.engine();
    await using operation = engine.run({
      image,
      command: words,
      environment,
      network,
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
      stdio: 'inherit',
      signal: context.signal,
    });
    for await (const event of operation) {
      if (event.type === 'created' && flags.cidfile !== undefined) writeCidFile(command, flags.cidfile, event.id);
      if (event.type === 'started') context.handOverSignals();
    }
    const { exitCode } = await operation.result;
    context.setExitCode(exitCode);
  } catch (error) {
    if (context.signal.aborted && error === context.signal.reason) throw error;
    context.err(renderError(error, { debug: context.globals.debug === true }));
    const code = isStrataError(error) ? error.details?.['exitCode'] : undefined;
    context.setExitCode(typeof code === 'number' ? code : exitEngineFailure);
  }
}

/** The runtime passes a terminal on, it cannot make one up. */
function refuseWithoutTerminal({ tty, interactive }: RunFlags): void {
  if (tty !== true || (interactive === true ? process.stdin.isTTY : process.stdout.isTTY)) return;
  if (interactive !== true) throw notSupportedYet('--tty without a terminal', 'Leave out -t.');
  throw new StrataError({
    kind: 'invalid-argument',
    code: 'ERR_NO_TERMINAL',
    message: 'the input device is not a TTY',
    hint: 'Leave out -t.',
  });
}

// The runtime sets the size of its own accord, but only once the process runs and may have looked.
function terminalSize(): { readonly terminalSize?: { readonly rows: number; readonly columns: number } } {
  const [columns, rows] = process.stdout.isTTY ? process.stdout.getWindowSize() : [0, 0];
  return columns > 0 && rows > 0 ? { terminalSize: { rows, columns } } : {};
}

const standing = (command: Command, path: string): StrataError =>
  usageProblem(command, `container ID file found, make sure the other container isn't running or delete ${path}`);

function writeCidFile(command: Command, path: string, id: string): void {
  try {
    writeFileSync(path, id, { flag: 'wx' });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw standing(command, path);
    throw fileProblem('failed to create the container ID file', path, error);
  }
}

function networkOf(mode: string): 'none' | 'host' {
  if (mode === 'none' || mode === 'host') return mode;
  throw notSupportedYet(`--network ${mode}`, 'One of none, host.');
}

const splitLabel = (pair: string): [string, string] => {
  const at = pair.indexOf('=');
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
};

/** A bare name takes the value it has here, and is left out when it has none. */
function fromOwnEnvironment(entry: string): string[] {
  if (entry.includes('=')) return [entry];
  const value = process.env[entry];
  return value === undefined ? [] : [`${entry}=${value}`];
}

/** Docker's format: a variable a line, `#` comments, nothing unquoted. */
function readEnvFile(path: string): string[] {
  const lines = readText(path)
    .replace(/^\ufeff/, '')
    .split(/\r?\n/);
  const entries = lines.map((line) => line.trimStart()).filter((line) => line !== '' && !line.startsWith('#'));
  for (const entry of entries) {
    const [name = ''] = entry.split('=', 1);
    if (name === '') throw envFileProblem(path, `no variable name on line '${entry}'`);
    if (/\s/.test(name)) throw envFileProblem(path, `variable '${name}' contains whitespaces`);
  }
  return entries;
}

function readText(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    if (error instanceof TypeError) throw envFileProblem(path, 'contains invalid utf8 bytes');
    throw fileProblem('open', path, error);
  }
}

const envFileProblem = (path: string, problem: string): StrataError =>
  new StrataError({
    kind: 'invalid-argument',
    code: 'ERR_ENV_FILE',
    message: `poorly formatted environment: ${path}: ${problem}`,
  });
