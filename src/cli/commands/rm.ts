import type { Command } from 'commander';
import { isStrataError } from '../../errors/index.ts';
import type { CliContext } from '../context.ts';
import { notYetFlags } from '../flags/flags.ts';
import { forEachContainer } from '../for-each-container.ts';

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
      const remove = (name: string): Promise<void> => containers.remove(name, { force, signal });
      // With --force, a missing container counts as removed.
      await forEachContainer(
        context,
        names,
        remove,
        (error) => force === true && isStrataError(error, 'ERR_CONTAINER_NOT_FOUND'),
      );
    });
  notYetFlags(command, [['-l, --link', 'Leave it out: containers have no links.']]);
}
