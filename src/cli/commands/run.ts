import type { Command } from 'commander';
import type { ContainerVerbs } from '../../engine/index.ts';
import { parseDetachKeys } from '../../terminal/detach-keys.ts';
import type { Called, CliContext } from '../context.ts';
import { CidFile } from '../flags/cid-file.ts';
import { type ContainerFlags, containerRequest, defineContainerFlags } from '../flags/container-flags.ts';
import { plainUsageProblem } from '../flags/flags.ts';
import { orItsExitCode } from '../or-its-exit-code.ts';

const outputs = ['stdout', 'stderr'] as const;

interface RunFlags extends ContainerFlags {
  readonly sigProxy: boolean;
  readonly detachKeys?: string;
}

export function define(command: Command, context: CliContext): void {
  defineContainerFlags(command);
  command
    .option('-d, --detach', 'run the container in the background and print its ID')
    .option(
      '--detach-keys <keys>',
      'key sequence that detaches from a container with a terminal (default: ctrl-p,ctrl-q)',
    )
    // On unless it is turned off, which the parser knows as a flag of its own.
    .option('--sig-proxy', 'proxy signals to the container', true)
    .addOption(command.createOption('--no-sig-proxy').hideHelp())
    .action(async (image: string, words: readonly string[], flags: RunFlags) =>
      run({ command, context }, image, words, flags),
    );
}

async function run(called: Called, image: string, words: readonly string[], flags: RunFlags): Promise<void> {
  const { attach } = flags;
  if (flags.detach === true && attach.length > 0) throw plainUsageProblem('Conflicting options: -a and -d', 1);
  if (flags.detach === true) return await orItsExitCode(called, () => detached(called, image, words, flags));
  const showsAll = attach.length === 0 || (attach.includes('stdout') && attach.includes('stderr'));
  // What nobody can attach to or look at needs no supervisor: quicker.
  if (flags.rm === true && flags.tty !== true && flags.sigProxy && showsAll)
    return await orItsExitCode(called, () => attended(called, image, words, flags));
  await supervised(called, image, words, flags);
}

/** The command itself has the runtime run the container. */
async function attended(
  { command, context }: Called,
  image: string,
  words: readonly string[],
  flags: RunFlags,
): Promise<void> {
  using cidFile = CidFile.make(flags.cidfile);
  const request = await containerRequest({ command, context }, flags, image, words);
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

/** The container runs by itself and we are with it. */
async function supervised(called: Called, image: string, words: readonly string[], flags: RunFlags): Promise<void> {
  const { context } = called;
  const { signal } = context;
  const input = flags.interactive === true;
  // Others who run something do without it.
  const [{ refuseWithoutTerminal, withContainer }, { ownTerminalSize }] = await Promise.all([
    import('../terminal/attached.ts'),
    import('../terminal/console.ts'),
  ]);
  refuseWithoutTerminal(input, flags.tty === true);
  const detachKeys = parseDetachKeys(flags.detachKeys ?? '');
  await using attached = await orItsExitCode(called, async () => {
    const { id, containers } = await create(called, image, words, flags);
    return await orRemoved(containers, id, flags, () =>
      containers.startAttached(id, { signal, terminalSize: ownTerminalSize() }),
    );
  });
  if (attached === undefined) return;
  const { containers } = await context.engine();
  const shown = new Set(flags.attach.length === 0 ? outputs : outputs.filter((one) => flags.attach.includes(one)));
  const end = await withContainer(context, containers, attached, {
    input,
    passesSignals: flags.sigProxy,
    detachKeys,
    shown,
  });
  // As docker: who sees nothing of it is told its ID, to look it up.
  if (shown.size === 0) context.out(`${attached.id}\n`);
  if (end !== 'detached') context.setExitCode(end);
}

async function detached(called: Called, image: string, words: readonly string[], flags: RunFlags): Promise<void> {
  const { context } = called;
  const { signal } = context;
  const { id, containers } = await create(called, image, words, flags);
  await orRemoved(containers, id, flags, () => containers.start(id, { signal }));
  context.out(`${id}\n`);
}

/** No store is opened, or made, for a line that is wrong. */
async function create(
  { command, context }: Called,
  image: string,
  words: readonly string[],
  flags: RunFlags,
): Promise<{ readonly id: string; readonly containers: ContainerVerbs }> {
  using cidFile = CidFile.make(flags.cidfile);
  const request = await containerRequest({ command, context }, flags, image, words);
  const { containers } = await context.engine();
  const { id, warnings } = await containers.create({ ...request, signal: context.signal });
  warn(context, warnings);
  cidFile.write(id);
  return { id, containers };
}

function warn(context: CliContext, warnings: readonly string[]): void {
  for (const warning of warnings) context.err(`WARNING: ${warning}\n`);
}

/** As docker: what never ran and was to go is gone. */
async function orRemoved<Result>(
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
