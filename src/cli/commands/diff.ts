import type { Command } from 'commander';
import type { CliContext } from '../context.ts';

const letters = { added: 'A', changed: 'C', deleted: 'D' } as const;

export function define(command: Command, context: CliContext): void {
  command.argument('<container>', 'a name or ID').action(async (name: string) => {
    const { containers } = await context.engine();
    const changes = await containers.diff(name, { signal: context.signal });
    const lines = changes.map(({ kind, place }) => `${letters[kind]} /${Buffer.from(place).toString('utf8')}\n`);
    context.out(lines.join(''));
  });
}
