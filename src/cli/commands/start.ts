import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { eachContainer } from '../each-container.ts';
import { notYetFlags } from '../flags.ts';

export function define(command: Command, context: CliContext): void {
  command
    .argument('<container...>', 'names or IDs')
    .action(async (names: readonly string[]) => startContainers(context, names));
  notYetFlags(command, ['-a, --attach', '-i, --interactive', '--detach-keys <k>', '--checkpoint <c>']);
}

async function startContainers(context: CliContext, names: readonly string[]): Promise<void> {
  const { containers } = await context.engine();
  const failed = await eachContainer(context, names, (name) => containers.start(name, { signal: context.signal }));
  if (failed.length > 0) context.err(`strata: failed to start containers: ${failed.join(', ')}\n`);
}
