import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { forEachContainer } from '../for-each-container.ts';

export function define(command: Command, context: CliContext): void {
  command.argument('<container...>', 'Names or IDs of containers').action(async (names: readonly string[]) => {
    const { containers } = await context.engine();
    const { signal } = context;
    await forEachContainer(context, names, async (name) => String(await containers.wait(name, { signal })));
  });
}
