import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { defineStopFlags } from '../flags/stop-flags.ts';

export function define(command: Command, context: CliContext): void {
  // The timeout runs for all containers at the same time, as in docker.
  defineStopFlags(command, context, async (containers, name, request) => containers.stop(name, request), {
    atOnce: true,
  });
}
