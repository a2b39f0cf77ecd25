import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { forEachContainer } from '../for-each-container.ts';

interface KillFlags {
  readonly signal?: string;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<container...>', 'Names or IDs of containers')
    .option('-s, --signal <signal>', 'Signal to send to the container (default "KILL")')
    .action(async (names: readonly string[], flags: KillFlags) => {
      const { containers } = await context.engine();
      const { signal } = context;
      await forEachContainer(context, names, (name) =>
        containers.kill(name, { send: flags.signal || undefined, signal }),
      );
    });
}
