import type { Command } from 'commander';
import type { CliContext } from '../context.ts';

export function define(command: Command, context: CliContext): void {
  command
    .argument('<source_image>', 'Name or ID of an image')
    .argument('<target_image>', 'New name, with an optional tag')
    .action(async (source: string, target: string) => {
      const engine = await context.engine();
      await engine.images.tag(source, target);
    });
}
