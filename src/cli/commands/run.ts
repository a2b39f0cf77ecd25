import type { Command } from 'commander';
import type { ContainerVerbs } from '../../engine/index.ts';
import { parseDetachKeys } from '../../terminal/detach-keys.ts';
import { catchRunFailure } from '../catch-run-failure.ts';
import type { CliContext, VerbCall } from '../context.ts';
import { CidFile } from '../flags/cid-file.ts';
import { type ContainerFlags, defineContainerFlags, readContainerRequest } from '../flags/container-flags.ts';
import { plainUsageProblem } from '../flags/flags.ts';

const outputs = ['stdout', 'stderr'] as const;

interface RunFlags extends ContainerFlags {
  readonly sigProxy: boolean;
  readonly detachKeys?: string;
}

export function define(command: Command, context: CliContext): void {
  defineContainerFlags(command);
  command
    .option('-d, --detach', 'Run container in background and print container ID')
    .option('--detach-keys <keys>', 'Override the key sequence for detaching a container (default "ctrl-p,ctrl-q")')
    // The parser turns a switch off by a flag of its own.
    .option('--sig-proxy', 'Proxy received signals to the process', true)
    .addOption(command.createOption('--no-sig-proxy').hideHelp())
    .action(async (image: string, words: readonly string[], flags: RunFlags) =>
      run({ command, context }, image, words, flags),
    );
}

async function run(call: VerbCall, image: string, words: readonly string[], flags: RunFlags): Promise<void> {
  const { attach } = flags;
  if (flags.detach === true && attach.length > 0)
    throw plainUsageProblem('Conflicting options: -a and -d', 'Leave one of them out.', 1);
  if (flags.detach === true) return await catchRunFailure(call, () => runDetached(call, image, words, flags));
  const showsAll = attach.length === 0 || (attach.includes('stdout') && attach.includes('stderr'));
  // A container with --rm that is joined to this command's streams needs no supervisor, which is faster.
  if (flags.rm === true && flags.tty !== true && flags.sigProxy && showsAll)
    return await catchRunFailure(call, () => runForeground(call, image, words, flags));
  await runSupervised(call, image, words, flags);
}

/** Runs the container as a child of this command. */
async function runForeground(
  { command, context }: VerbCall,
  image: string,
  words: readonly string[],
  flags: RunFlags,
): Promise<void> {
  using cidFile = CidFile.make(flags.cidfile);
  const request = await readContainerRequest({ command, context }, flags, image, words);
  const engine = await context.engine();
  await using operation = engine.containers.run({
    ...request,
    stdio: 'inherit',
    forwardSignals: true,
    signal: context.signal,
  });
  for await (const event of operation) {
    if (event.type === 'created') {
      warn(context, event.warnings);
      cidFile.write(event.id);
    }
    if (event.type === 'forwarding') context.handOverSignals();
  }
  const { exitCode } = await operation.result;
  context.setExitCode(exitCode);
}

/** Starts the container below a supervisor and attaches to it. */
async function runSupervised(call: VerbCall, image: string, words: readonly string[], flags: RunFlags): Promise<void> {
  const { context } = call;
  const { signal } = context;
  const input = flags.interactive === true;
  // Loaded here, since the other ways to run do not need them.
  const [{ refuseWithoutTerminal, stayAttached }, { ownTerminalSize }] = await Promise.all([
    import('../terminal/stay-attached.ts'),
    import('../terminal/console.ts'),
  ]);
  refuseWithoutTerminal(input, flags.tty === true);
  const detachKeys = parseDetachKeys(flags.detachKeys ?? '');
  await using attached = await catchRunFailure(call, async () => {
    const { id, containers } = await create(call, image, words, flags);
    return await startOrRemove(containers, id, flags, () =>
      containers.startAttached(id, { signal, terminalSize: ownTerminalSize() }),
    );
  });
  if (attached === undefined) return;
  const { containers } = await context.engine();
  const shown = new Set(flags.attach.length === 0 ? outputs : outputs.filter((one) => flags.attach.includes(one)));
  const end = await stayAttached(context, containers, attached, {
    input,
    passesSignals: flags.sigProxy,
    detachKeys,
    shown,
  });
  // The ID is printed if no output is shown, as in docker.
  if (shown.size === 0) context.out(`${attached.id}\n`);
  if (end !== 'detached') context.setExitCode(end);
}

async function runDetached(call: VerbCall, image: string, words: readonly string[], flags: RunFlags): Promise<void> {
  const { context } = call;
  const { signal } = context;
  const { id, containers } = await create(call, image, words, flags);
  await startOrRemove(containers, id, flags, () => containers.start(id, { signal }));
  context.out(`${id}\n`);
}

/** Creates the container. The line is checked first, so that a wrong one opens or creates no store. */
async function create(
  { command, context }: VerbCall,
  image: string,
  words: readonly string[],
  flags: RunFlags,
): Promise<{ readonly id: string; readonly containers: ContainerVerbs }> {
  using cidFile = CidFile.make(flags.cidfile);
  const request = await readContainerRequest({ command, context }, flags, image, words);
  const { containers } = await context.engine();
  const { id, warnings } = await containers.create({ ...request, signal: context.signal });
  warn(context, warnings);
  cidFile.write(id);
  return { id, containers };
}

function warn(context: CliContext, warnings: readonly string[]): void {
  for (const warning of warnings) context.err(`WARNING: ${warning}\n`);
}

/** Runs `start`. As in docker, a container with `--rm` that failed to start is removed. */
async function startOrRemove<Result>(
  containers: ContainerVerbs,
  id: string,
  { rm }: RunFlags,
  start: () => Promise<Result>,
): Promise<Result> {
  try {
    return await start();
  } catch (error) {
    if (rm === true) await containers.remove(id, { force: true });
    throw error;
  }
}
