import type { Command } from 'commander';
import { StrataError } from '../../errors/index.ts';
import { parseDetachKeys } from '../../terminal/detach-keys.ts';
import type { CliContext } from '../context.ts';
import { notYetFlags } from '../flags/flags.ts';
import { forEachContainer } from '../for-each-container.ts';
import { ownTerminalSize } from '../terminal/console.ts';
import { stayAttached } from '../terminal/stay-attached.ts';

interface StartFlags {
  readonly attach?: boolean;
  readonly interactive?: boolean;
  readonly detachKeys?: string;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<container...>', 'Names or IDs of containers')
    .option('-a, --attach', 'Attach STDOUT/STDERR and forward signals')
    .option('-i, --interactive', "Attach container's STDIN")
    .option('--detach-keys <keys>', 'Override the key sequence for detaching a container (default "ctrl-p,ctrl-q")')
    .action(async (names: readonly string[], flags: StartFlags) =>
      flags.attach === true || flags.interactive === true
        ? startAttached(context, names, flags)
        : startContainers(context, names),
    );
  const hint = "Leave it out; 'strata pause' suspends a running container.";
  notYetFlags(command, [
    ['--checkpoint <c>', hint],
    ['--checkpoint-dir <d>', hint],
  ]);
}

async function startContainers(context: CliContext, names: readonly string[]): Promise<void> {
  const { containers } = await context.engine();
  const failed = await forEachContainer(context, names, (name) => containers.start(name, { signal: context.signal }));
  if (failed.length > 0) context.err(`strata: failed to start containers: ${failed.join(', ')}\n`);
}

async function startAttached(
  context: CliContext,
  [name = '', ...others]: readonly string[],
  { interactive, detachKeys: keys = '' }: StartFlags,
): Promise<void> {
  if (others.length > 0) {
    throw new StrataError({
      code: 'ERR_SEVERAL_CONTAINERS',
      message: 'you cannot start and attach multiple containers at once',
      hint: 'Name one container, or leave out -a and -i.',
    });
  }
  const detachKeys = parseDetachKeys(keys);
  const { containers } = await context.engine();
  const terminalSize = ownTerminalSize();
  await using attached = await containers.startAttached(name, { signal: context.signal, terminalSize });
  const options = { input: interactive === true, passesSignals: !attached.terminal, detachKeys };
  const end = await stayAttached(context, containers, attached, options);
  if (end !== 'detached') context.setExitCode(end);
}
