import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { eachContainer } from '../each-container.ts';
import { notYetFlags } from '../flags.ts';

interface RmFlags {
  readonly force?: boolean;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<container...>', 'names or IDs')
    .option('-f, --force', 'kill those that run')
    .option('-v, --volumes', 'remove their anonymous volumes, too (there are none)')
    .action(async (names: readonly string[], { force }: RmFlags) => {
      const { containers } = await context.engine();
      const { signal } = context;
      await eachContainer(context, names, (name) => containers.remove(name, { force, signal }));
    });
  notYetFlags(command, ['-l, --link']);
}
