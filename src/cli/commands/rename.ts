import type { Command } from 'commander';
import type { CliContext } from '../context.ts';

export function define(command: Command, context: CliContext): void {
  command
    .argument('<container>', 'Name or ID of a container')
    .argument('<new_name>', 'New name of the container')
    .action(async (name: string, newName: string) => {
      const { containers } = await context.engine();
      await containers.rename(name, newName, { signal: context.signal });
    });
}
