import type { Command } from 'commander';
import { Option } from 'commander';
import type { CliContext } from '../context.ts';

export function define(command: Command, context: CliContext): void {
  command
    .addOption(new Option('--format <format>', 'Format of the output').choices(['json']))
    .action(async (flags: { readonly format?: string }) => check(context, flags.format));
}

/** Checks the store. Damage makes the exit code 1; orphaned files are reported but are no failure. */
async function check(context: CliContext, format: string | undefined): Promise<void> {
  const engine = await context.engine();
  await using operation = engine.system.check({ signal: context.signal });
  const result = await operation.result;
  if (result.damages.length > 0) context.setExitCode(1);
  if (format === 'json') {
    context.out(`${JSON.stringify(result)}\n`);
    return;
  }
  context.out(`checked: ${result.blobs} blobs, ${result.images} images, ${result.layers} layers\n`);
  for (const { kind, key } of result.orphans) context.out(`orphan: ${kind} ${key}\n`);
  for (const { kind, key, problem } of result.damages) context.out(`damaged: ${kind} ${key}: ${problem}\n`);
  for (const { kind, key, reason } of result.unchecked) context.out(`not checked: ${kind} ${key}: ${reason}\n`);
  for (const failure of result.diskFailures) context.out(`the disk failed: ${failure}\n`);
  if (result.damages.length === 0) context.out('no damage found\n');
}
