import type { Command } from 'commander';
import { StrataError } from '../../errors/index.ts';
import { completionScripts } from '../completion/scripts.ts';
import type { CliContext } from '../context.ts';

export function define(command: Command, context: CliContext): void {
  command.argument('<shell>', 'One of bash, zsh and fish').action((shell: string) => {
    const script = completionScripts.get(shell);
    if (script !== undefined) return context.out(script.text);
    throw new StrataError({
      code: 'ERR_SHELL_UNKNOWN',
      message: `shell ${shell.slice(0, 100)}: completion is not supported`,
      hint: `Use one of ${[...completionScripts.keys()].join(', ')}.`,
    });
  });
}
