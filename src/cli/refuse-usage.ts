import type { Command, CommanderError } from 'commander';
import type { StrataError } from '../errors/index.ts';
import { argumentProblem, nameOf, usageProblem, wrongValue } from './flags/flags.ts';
import { unknownVerb } from './unknown-verb.ts';

/** Restates an error of the argument parser in docker's words. Help, which the parser also throws, is rethrown. */
export function refuseUsage(command: Command, error: CommanderError, argv: readonly string[]): never {
  const [, flag = ''] = /'(?:-\w, )?(-[^\s']*)/.exec(error.message) ?? [];
  switch (error.code) {
    case 'commander.unknownOption': {
      // The flag belongs to a verb that does not exist.
      const [verb] = command.args;
      if (command.commands.length > 0 && verb?.startsWith('-') === false) throw unknownVerb(command, verb);
      throw unknownFlag(command, flag);
    }
    case 'commander.optionMissingArgument':
      throw usageProblem(command, `flag needs an argument: ${asGiven(argv.at(-1) ?? '', flag)}`);
    case 'commander.invalidArgument': {
      const [, value = '', choices] =
        /argument '(.*)' is invalid\. Allowed choices are (.*)\.$/s.exec(error.message) ?? [];
      if (choices === undefined) throw usageProblem(command, error.message.replace(/^error: /, ''));
      throw wrongValue(command, value, flag, `must be ${choices.replaceAll(', ', ' or ')}`);
    }
    case 'commander.missingArgument':
    case 'commander.excessArguments':
      throw argumentProblem(command);
    default:
      if (error.exitCode === 0) throw error;
      throw usageProblem(command, error.message.replace(/^error: /, ''));
  }
}

function unknownFlag(command: Command, given: string): StrataError {
  const isLong = given.startsWith('--');
  const flag = isLong ? given.replace(/=.*$/s, '') : given.slice(0, 2);
  const message = isLong ? `unknown flag: ${flag}` : `unknown shorthand flag: '${flag.charAt(1)}' in ${given}`;
  return usageProblem(command, message, globalFlagHint(command, flag));
}

/** Returns a hint if a flag of the program itself was given after a verb, else undefined. */
function globalFlagHint(command: Command, flag: string): string | undefined {
  let program = command;
  while (program.parent) program = program.parent;
  const option = program.options.find(({ long, short }) => long === flag || short === flag);
  if (command === program || option === undefined || option.long === '--version') return undefined;
  const flags = option.flags.replace(/^-\w, /, '');
  const verb = nameOf(command).slice(program.name().length + 1);
  return `Give ${flag} before the command: '${program.name()} ${flags} ${verb}'.`;
}

/** Quotes a flag without its value, the line's last word, as docker does: `'e' in -e`, also for `-ie`. */
const asGiven = (last: string, flag: string): string =>
  /^-[^-]/.test(last) ? `'${last.slice(-1)}' in -${last.slice(-1)}` : flag;
