import type { Command } from 'commander';
import type { CliContext } from '../context.ts';

export function define(command: Command, context: CliContext): void {
  command
    .argument('<container>', 'a name or ID')
    .argument('<name>', 'its new name')
    .action(async (name: string, newName: string) => {
      const { containers } = await context.engine();
      await containers.rename(name, newName, { signal: context.signal });
    });
}
