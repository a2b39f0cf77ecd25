import type { Command } from 'commander';
import { StrataError } from '../errors/index.ts';

/**
 * Docker's flags take `--rm=false` for switches, which the argument parser does not know: `--name=true` becomes the bare
 * switch and `--name=false` goes away. Stops at `--` and at the first word that is not an option after the verb's image.
 */
export function explicitBooleans(program: Command, argv: readonly string[]): string[] {
  const switches = new Set(
    allCommands(program).flatMap((command) =>
      command.options.filter((option) => !option.required && !option.optional).map((option) => option.long ?? ''),
    ),
  );
  const result: string[] = [];
  for (const [at, argument] of argv.entries()) {
    if (argument === '--') return [...result, ...argv.slice(at)];
    const match = /^(--[a-z][a-z-]*)=(true|false|1|0|t|f)$/i.exec(argument);
    if (match?.[1] === undefined || !switches.has(match[1])) result.push(argument);
    else if (/^(true|1|t)$/i.test(match[2] ?? '')) result.push(match[1]);
  }
  return result;
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

/** Accepts docker's flags that Strata does not have yet, to answer with their name instead of "unknown flag". */
export function notYetFlags(command: Command, flags: readonly string[]): void {
  for (const flag of flags) {
    const option = command.createOption(flag).hideHelp();
    option.argParser(() => {
      throw notSupportedYet(option.long ?? flag);
    });
    command.addOption(option);
    command.on(`option:${option.name()}`, () => {
      throw notSupportedYet(option.long ?? flag);
    });
  }
}

function notSupportedYet(flag: string): StrataError {
  return new StrataError({ kind: 'unsupported', code: 'ERR_NOT_SUPPORTED_YET', message: `${flag}: not supported yet` });
}

/** Collects a repeatable option. */
export const collect = (value: string, before: readonly string[]): string[] => [...before, value];
