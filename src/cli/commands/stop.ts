import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { defineStopping } from '../flags/stop-flags.ts';

export function define(command: Command, context: CliContext): void {
  defineStopping(command, context, async (containers, name, wish) => containers.stop(name, wish));
}
