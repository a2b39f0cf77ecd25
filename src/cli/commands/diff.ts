import type { Command } from 'commander';
import type { CliContext } from '../context.ts';

const chunkBytes = 64 << 10;
const letters = { added: 'A', changed: 'C', deleted: 'D' } as const;

export function define(command: Command, context: CliContext): void {
  command.argument('<container>', 'Name or ID of a container').action(async (name: string) => {
    const { containers } = await context.engine();
    let lines = '';
    for await (const { kind, path } of containers.diff(name, { signal: context.signal })) {
      lines += `${letters[kind]} /${Buffer.from(path).toString('utf8')}\n`;
      if (lines.length < chunkBytes) continue;
      await context.outBytes(Buffer.from(lines));
      lines = '';
    }
    context.out(lines);
  });
}
