import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { defineStopping } from '../flags/stop-flags.ts';

export function define(command: Command, context: CliContext): void {
  // As docker: the time to end runs for all of them together.
  defineStopping(command, context, async (containers, name, wish) => containers.stop(name, wish), { atOnce: true });
}
