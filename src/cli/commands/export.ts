import type { Command } from 'commander';
import { StrataError } from '../../errors/index.ts';
import type { CliContext } from '../context.ts';

interface ExportFlags {
  readonly output?: string;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<container>', 'a name or ID')
    .option('-o, --output <file>', 'write to a file instead of standard output')
    .action(async (container: string, flags: ExportFlags) => exportContainer(context, container, flags));
}

async function exportContainer(context: CliContext, container: string, { output }: ExportFlags): Promise<void> {
  if (output === undefined && process.stdout.isTTY) {
    throw new StrataError({
      kind: 'invalid-argument',
      code: 'ERR_OUTPUT_IS_TERMINAL',
      message: 'cowardly refusing to save to a terminal. Use the -o flag or redirect',
    });
  }
  const engine = await context.engine();
  await using operation = engine.export({ container, output: output ?? context.outBytes, signal: context.signal });
  await operation.result;
}
