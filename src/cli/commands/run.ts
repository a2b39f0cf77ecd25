import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { StrataError } from '../../errors/index.ts';
import type { CliContext } from '../context.ts';
import { exitEngineFailure } from '../exit-codes.ts';
import { collect, notYetFlags } from '../flags.ts';
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
  command
    .argument('<image>')
    .argument('[command...]', "what to run instead of the image's own command")
    .passThroughOptions()
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
    .action(async (image: string, words: readonly string[], flags: RunFlags) => run(context, image, words, flags));
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

async function run(context: CliContext, image: string, words: readonly string[], flags: RunFlags): Promise<void> {
  if (flags.cidfile !== undefined) refuseStanding(flags.cidfile);
  const engine = await context.engine();
  try {
    await using operation = engine.run({
      image,
      command: words,
      environment: [...flags.envFile.flatMap(readEnvFile), ...flags.env].flatMap(fromOwnEnvironment),
      labels: Object.fromEntries(flags.label.map(splitLabel)),
      network: networkOf(flags.network),
      remove: flags.rm === true,
      interactive: flags.interactive === true,
      terminal: flags.tty === true,
      readOnly: flags.readOnly === true,
      ...(flags.name === undefined ? {} : { name: flags.name }),
      ...(flags.workdir === undefined ? {} : { workingDirectory: flags.workdir }),
      ...(flags.user === undefined ? {} : { user: flags.user }),
      ...(flags.entrypoint === undefined ? {} : { entrypoint: flags.entrypoint === '' ? [] : [flags.entrypoint] }),
      ...(flags.hostname === undefined ? {} : { hostname: flags.hostname }),
      stdio: 'inherit',
    });
    for await (const event of operation) {
      if (event.type === 'created' && flags.cidfile !== undefined) writeFileSync(flags.cidfile, event.id);
    }
    const { exitCode } = await operation.result;
    context.setExitCode(exitCode);
  } catch (error) {
    if (context.signal.aborted && error === context.signal.reason) throw error;
    context.err(renderError(error, { debug: context.globals.debug === true }));
    const code = error instanceof StrataError ? error.details?.['exitCode'] : undefined;
    context.setExitCode(typeof code === 'number' ? code : exitEngineFailure);
  }
}

function refuseStanding(path: string): void {
  try {
    readFileSync(path);
  } catch {
    return;
  }
  throw usage(`container ID file found, make sure the other container isn't running or delete ${path}`);
}

function networkOf(mode: string): 'none' | 'host' {
  if (mode === 'none' || mode === 'host') return mode;
  throw new StrataError({
    kind: 'unsupported',
    code: 'ERR_NOT_SUPPORTED_YET',
    message: `--network ${mode}: not supported yet`,
    hint: 'One of none, host.',
  });
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

function readEnvFile(path: string): string[] {
  const lines = readFileSync(path, 'utf8')
    .replace(/^\ufeff/, '')
    .split(/\r?\n/);
  return lines.map((line) => line.trimStart()).filter((line) => line !== '' && !line.startsWith('#'));
}

const usage = (message: string): StrataError =>
  new StrataError({ kind: 'invalid-argument', code: 'ERR_USAGE', message });
