import type { Command } from 'commander';
import { complete } from '../completion/complete.ts';
import { liveValues } from '../completion/live-values.ts';
import type { CliContext } from '../context.ts';
import { passThrough } from '../flags/flags.ts';

export function define(command: Command, context: CliContext): void {
  passThrough(command);
  command.argument('[words...]').action(async (words: readonly string[]) => {
    const program = await context.programFor(words);
    const { candidates, paths } = await complete(program, words, liveValues);
    // A candidate a line; names of images and containers have no line feeds.
    const lines = candidates.map(({ value, description }) => (description ? `${value}\t${description}` : value));
    const isBegun = candidates.length > 0 && candidates.every(({ value }) => /[=:]$/.test(value));
    context.out([...lines, `:${[paths, isBegun ? 'nospace' : undefined].filter(Boolean).join(' ')}`, ''].join('\n'));
  });
}
