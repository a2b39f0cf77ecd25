import type { Command } from 'commander';
import type { CliContext } from '../context.ts';

export function define(command: Command, context: CliContext): void {
  command
    .argument('<source>', 'a name or ID of an image')
    .argument('<target>', 'the new name')
    .action(async (source: string, target: string) => {
      const engine = await context.engine();
      await engine.images.tag(source, target);
    });
}
