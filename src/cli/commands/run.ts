import type { Command } from 'commander';
import { isStrataError, StrataError } from '../../errors/index.ts';
import { refuseStandingCidFile, writeCidFile } from '../cid-file.ts';
import { type ContainerFlags, containerRequest, defineContainerFlags } from '../container-flags.ts';
import type { Called, CliContext } from '../context.ts';
import { exitEngineFailure } from '../exit-codes.ts';
import { notSupportedYet, notYetFlags } from '../flags.ts';
import { renderError } from '../render/error.ts';

interface RunFlags extends ContainerFlags {
  readonly detach?: boolean;
  readonly sigProxy: boolean;
}

export function define(command: Command, context: CliContext): void {
  defineContainerFlags(command);
  command
    .option('-d, --detach', 'let it run by itself and print its ID')
    // On unless it is turned off, which the parser knows as a flag of its own.
    .addOption(command.createOption('--sig-proxy').default(true).hideHelp())
    .addOption(command.createOption('--no-sig-proxy').hideHelp())
    .action(async (image: string, words: readonly string[], flags: RunFlags) =>
      run({ command, context }, image, words, flags),
    );
  notYetFlags(command, ['--detach-keys <k>']);
}

async function run(called: Called, image: string, words: readonly string[], flags: RunFlags): Promise<void> {
  const { context } = called;
  try {
    await (flags.detach === true ? detached : foreground)(called, image, words, flags);
  } catch (error) {
    if (context.signal.aborted && error === context.signal.reason) throw error;
    context.err(renderError(error, { debug: context.globals.debug === true }));
    const code = isStrataError(error) ? error.details?.['exitCode'] : undefined;
    context.setExitCode(typeof code === 'number' ? code : exitEngineFailure);
  }
}

async function foreground(
  { command, context }: Called,
  image: string,
  words: readonly string[],
  flags: RunFlags,
): Promise<void> {
  if (!flags.sigProxy) throw notSupportedYet('--sig-proxy=false');
  refuseWithoutTerminal(flags);
  refuseStandingCidFile(command, flags.cidfile);
  const request = containerRequest(command, flags, image, words);
  const engine = await context.engine();
  await using operation = engine.run({ ...request, stdio: 'inherit', signal: context.signal });
  for await (const event of operation) {
    if (event.type === 'created') writeCidFile(command, flags.cidfile, event.id);
    if (event.type === 'started') context.handOverSignals();
  }
  const { exitCode } = await operation.result;
  context.setExitCode(exitCode);
}

async function detached(
  { command, context }: Called,
  image: string,
  words: readonly string[],
  flags: RunFlags,
): Promise<void> {
  refuseStandingCidFile(command, flags.cidfile);
  const request = containerRequest(command, flags, image, words);
  const { containers } = await context.engine();
  const { signal } = context;
  const { id } = await containers.create({ ...request, signal });
  writeCidFile(command, flags.cidfile, id);
  try {
    await containers.start(id, { signal });
  } catch (error) {
    // As docker: what never ran and was to go is gone.
    if (flags.rm === true) await containers.remove(id, { force: true });
    throw error;
  }
  context.out(`${id}\n`);
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
    // Docker's client says so itself, before anything is run.
    details: { exitCode: 1 },
  });
}
