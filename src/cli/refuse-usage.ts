import type { Command, CommanderError } from 'commander';
import { argumentProblem, usageProblem } from './flags/flags.ts';
import { unknownVerb } from './unknown-verb.ts';

/** Docker's words for what the argument parser found wrong; help, which it reports the same way, goes through. */
export function refuseUsage(command: Command, error: CommanderError, argv: readonly string[]): never {
  const [, flag = ''] = /'(?:-\w, )?(-[^\s']*)/.exec(error.message) ?? [];
  switch (error.code) {
    case 'commander.unknownOption': {
      // The flag is one of a verb that is not there.
      const [verb] = command.args;
      if (command.commands.length > 0 && verb?.startsWith('-') === false) throw unknownVerb(command, verb);
      throw usageProblem(
        command,
        flag.startsWith('--')
          ? `unknown flag: ${flag.replace(/=.*$/s, '')}`
          : `unknown shorthand flag: '${flag.charAt(1)}' in ${flag}`,
      );
    }
    case 'commander.optionMissingArgument':
      throw usageProblem(command, `flag needs an argument: ${asGiven(argv.at(-1) ?? '', flag)}`);
    case 'commander.missingArgument':
    case 'commander.excessArguments':
      throw argumentProblem(command);
    default:
      if (error.exitCode === 0) throw error;
      throw usageProblem(command, error.message.replace(/^error: /, ''));
  }
}

/** A flag without its value is the last word: `'e' in -e`, also of `-ie`. */
const asGiven = (last: string, flag: string): string =>
  /^-[^-]/.test(last) ? `'${last.slice(-1)}' in -${last.slice(-1)}` : flag;
