import type { Command } from 'commander';
import { wholeNumber } from '../container-flags.ts';
import type { Called, CliContext } from '../context.ts';
import { eachContainer } from '../each-container.ts';

interface RestartFlags {
  readonly signal?: string;
  readonly timeout?: string;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<container...>', 'names or IDs')
    .option('-s, --signal <signal>', 'what to send instead of its stop signal')
    .option('-t, --timeout <seconds>', 'how long to wait before it is killed; -1 for ever')
    .action(async (names: readonly string[], flags: RestartFlags) => restart({ command, context }, names, flags));
}

async function restart({ command, context }: Called, names: readonly string[], flags: RestartFlags): Promise<void> {
  const timeoutSeconds = flags.timeout === undefined ? undefined : wholeNumber(command, '-t, --timeout', flags.timeout);
  const { containers } = await context.engine();
  const { signal } = context;
  await eachContainer(context, names, (name) =>
    containers.restart(name, { timeoutSeconds, send: flags.signal, signal }),
  );
}
