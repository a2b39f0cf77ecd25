import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { notYetFlags } from '../flags.ts';

export function define(command: Command, context: CliContext): void {
  command.argument('<container>', 'a name or ID').action(async (name: string) => {
    const { containers } = await context.engine();
    for await (const { stream, bytes } of containers.logs(name, { signal: context.signal })) {
      if (stream === 'stdout') await context.outBytes(bytes);
      else context.err(bytes);
    }
  });
  notYetFlags(command, [
    '--details',
    '-f, --follow',
    '--since <t>',
    '-n, --tail <n>',
    '-t, --timestamps',
    '--until <t>',
  ]);
}
