import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { defineStopFlags } from '../flags/stop-flags.ts';

export function define(command: Command, context: CliContext): void {
  defineStopFlags(command, context, async (containers, name, request) => containers.restart(name, request));
}
