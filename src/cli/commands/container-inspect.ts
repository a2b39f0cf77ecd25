import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { notYetFlags } from '../flags.ts';

export function define(command: Command, context: CliContext): void {
  command.argument('<container...>', 'names or IDs').action(async (names: readonly string[]) => {
    const { containers } = await context.engine();
    const documents = [];
    for (const name of names) documents.push(await containers.inspect(name, { signal: context.signal }));
    context.out(`${JSON.stringify(documents, null, 4)}\n`);
  });
  notYetFlags(command, ['-f, --format <f>', '-s, --size']);
}
