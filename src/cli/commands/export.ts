import type { Command } from 'commander';
import { archiveOutput } from '../archive-output.ts';
import type { CliContext } from '../context.ts';

interface ExportFlags {
  readonly output?: string;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<container>', 'Name or ID of a container')
    .option('-o, --output <file>', 'Write to a file, instead of STDOUT')
    .action(async (container: string, flags: ExportFlags) => exportContainer(context, container, flags));
}

async function exportContainer(context: CliContext, container: string, { output }: ExportFlags): Promise<void> {
  const target = archiveOutput(context, output);
  const engine = await context.engine();
  await using operation = engine.containers.export(container, { output: target, signal: context.signal });
  await operation.result;
}
