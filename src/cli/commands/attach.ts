import type { Command } from 'commander';
import { parseDetachKeys } from '../../terminal/detach-keys.ts';
import type { CliContext } from '../context.ts';
import { refuseWithoutTerminal, stayAttached } from '../terminal/stay-attached.ts';

interface AttachFlags {
  readonly stdin: boolean;
  readonly sigProxy: boolean;
  readonly detachKeys?: string;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<container>', 'Name or ID of a container')
    .option('--detach-keys <keys>', 'Override the key sequence for detaching a container (default "ctrl-p,ctrl-q")')
    .option('--no-stdin', 'Do not attach STDIN')
    // The parser turns a switch off by a flag of its own.
    .option('--sig-proxy', 'Proxy all received signals to the process', true)
    .addOption(command.createOption('--no-sig-proxy').hideHelp())
    .action(async (name: string, flags: AttachFlags) => attach(context, name, flags));
}

async function attach(context: CliContext, name: string, flags: AttachFlags): Promise<void> {
  const { containers } = await context.engine();
  const detachKeys = parseDetachKeys(flags.detachKeys ?? '');
  await using attached = await containers.attach(name, { signal: context.signal });
  const { terminal } = attached;
  refuseWithoutTerminal(flags.stdin, terminal);
  const options = { input: flags.stdin, passesSignals: flags.sigProxy && !terminal, detachKeys, redraws: true };
  const end = await stayAttached(context, containers, attached, options);
  if (end === 'detached') context.err('read escape sequence\n');
  context.setExitCode(end === 'detached' ? 1 : end);
}
