import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { passThrough } from '../flags/flags.ts';

// Docker's widths.
const leastWidth = 20;
const gap = 3;

export function define(command: Command, context: CliContext): void {
  passThrough(command);
  command
    .argument('<container>', 'Name or ID of a container')
    .argument('[ps-options...]', 'Options of ps(1), instead of -ef')
    .action(async (name: string, psOptions: readonly string[]) => top(context, name, psOptions));
}

async function top(context: CliContext, name: string, psOptions: readonly string[]): Promise<void> {
  const { containers } = await context.engine();
  const { titles, rows } = await containers.top(name, { psOptions, signal: context.signal });
  const lines = [titles, ...rows];
  const widths = titles.map((_, at) => Math.max(leastWidth, ...lines.map((line) => (line[at]?.length ?? 0) + gap)));
  const formatLine = (line: readonly string[]): string =>
    line.map((field, at) => (at === line.length - 1 ? field : field.padEnd(widths[at] ?? 0))).join('');
  context.out(lines.map((line) => `${formatLine(line)}\n`).join(''));
}
