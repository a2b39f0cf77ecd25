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
    .argument('<container...>', 'Names or IDs of containers')
    .option('-f, --force', 'Force the removal of a running container (uses SIGKILL)')
    .option('-v, --volumes', 'Remove anonymous volumes associated with the container (without effect: there are none)')
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
