import type { Command, Option } from 'commander';
import { StrataError } from '../../errors/index.ts';

const passingThrough = new WeakSet<Command>();

/** Returns undefined if the arguments do not show what was meant. */
type ArgumentHint = (given: readonly string[]) => string | undefined;

const argumentHints = new WeakMap<Command, ArgumentHint>();

/** Sets a hint for a wrong number of arguments, in place of the name of the missing one. */
export function hintForArguments(command: Command, hint: ArgumentHint): void {
  argumentHints.set(command, hint);
}

/** Leaves all words after the first argument to the program in the container, as `docker run` does. */
export function passThrough(command: Command): void {
  command.passThroughOptions();
  passingThrough.add(command);
}

/** True if the words after the first argument are not the command's own. */
export const passesThrough = (command: Command): boolean => passingThrough.has(command);

// Go's strconv.ParseBool.
const truths: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
]);

/**
 * Rewrites docker's `--rm=false`, which the argument parser does not know: `--name=true` and `-n=true` become the bare
 * switch, `--name=false` is dropped or becomes `--no-name`, `--no-name=false` is dropped. `-w=/x` becomes `-w/x`. Values
 * of other flags, words after `--`, and those of a program in a container stay unchanged. Throws ERR_USAGE.
 */
export function explicitBooleans(program: Command, argv: readonly string[]): string[] {
  const result: string[] = [];
  let command = program;
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? '';
    if (argument === '--') return [...result, ...argv.slice(at)];
    if (!argument.startsWith('-') || argument === '-') {
      result.push(argument);
      const verb = command.commands.find((one) => one.name() === argument);
      if (verb) command = verb;
      else if (passesThrough(command)) return [...result, ...argv.slice(at + 1)];
      continue;
    }
    result.push(...withoutBoolean(command, argument));
    if (flagBeforeValue(command, argument) && at + 1 < argv.length) result.push(argv[++at] ?? '');
  }
  return result;
}

const findLong = (command: Command, name: string): Option | undefined =>
  command.options.find(({ long }) => long === name);

const isSwitch = ({ required, optional }: Option): boolean => !required && !optional;

function withoutBoolean(command: Command, argument: string): string[] {
  const [, given, value] = /^(--[a-z][a-z-]*|-\w)=(.*)$/s.exec(argument) ?? [];
  if (given === undefined || value === undefined) return [withDefault(command, withoutEquals(command, argument))];
  const name = command.options.find(({ short }) => short === given)?.long ?? given;
  const option = findLong(command, name);
  const opposite = findLong(command, name.replace(/^--/, '--no-'));
  if (option ? !isSwitch(option) : opposite === undefined) return [withoutEquals(command, argument)];
  const truth = truths.get(value);
  if (truth === undefined) {
    throw usageProblem(
      command,
      `invalid argument ${JSON.stringify(value)} for "${option?.short === undefined ? name : `${option.short}, ${name}`}" flag: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
    );
  }
  if (truth) return option ? [name] : [];
  return opposite?.long === undefined ? [] : [opposite.long];
}

/** Gives a flag with an optional value `=true`: as in docker, it never takes the next word for its value. */
const withDefault = (command: Command, argument: string): string =>
  findLong(command, argument)?.optional === true ? `${argument}=true` : argument;

/** Removes the `=` between a flag's letter and its value, also after switches: `-e=A=1`, `-ite=A=1`. */
function withoutEquals(command: Command, argument: string): string {
  const at = argument.startsWith('--') ? -1 : valueLetter(command, argument);
  const isBetween = at >= 0 && argument[at + 1] === '=' && at + 2 < argument.length;
  return isBetween ? argument.slice(0, at + 1) + argument.slice(at + 2) : argument;
}

/** Returns the position in `-ite` of the first letter that takes a value, -1 without any. */
const valueLetter = (command: Command, letters: string): number =>
  letters
    .split('')
    .findIndex(
      (letter, at) => at > 0 && command.options.some(({ short, required }) => required && short === `-${letter}`),
    );

/** Returns the flag at the end of a word, if its value is the next word: `--name`, `-e`, `-ite`. */
export function flagBeforeValue(command: Command, argument: string): Option | undefined {
  if (argument.startsWith('--')) {
    const option = findLong(command, argument);
    return option?.required === true ? option : undefined;
  }
  const at = valueLetter(command, argument);
  return at > 0 && at === argument.length - 1
    ? command.options.find(({ short, required }) => required && short === `-${argument.slice(-1)}`)
    : undefined;
}

/** Returns the words of a command: `strata image ls`. */
export function nameOf(command: Command): string {
  const names: string[] = [];
  for (let one: Command | null = command; one !== null; one = one.parent) names.unshift(one.name());
  return names.join(' ');
}

/** Creates the error for a wrong flag or value, in docker's words and with its exit code. */
export const usageProblem = (command: Command, message: string, hint?: string): StrataError =>
  new StrataError({ code: 'ERR_USAGE', message, hint: withHelp(command, hint) });

const withHelp = (command: Command, hint: string | undefined): string =>
  `${hint === undefined ? '' : `${hint} `}See '${nameOf(command)} --help'.`;

/**
 * Creates the error for a line that parses but makes no sense. As in docker, it does not point to `--help`. Default exit
 * code: 125.
 */
export const plainUsageProblem = (message: string, hint: string | undefined, exitCode?: number): StrataError =>
  new StrataError({
    code: 'ERR_USAGE',
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(exitCode === undefined ? {} : { details: { exitCode } }),
  });

/** Creates a {@link usageProblem} for a value. `flag` is written as in docker's help: `-m, --memory`. */
export const wrongValue = (
  command: Command,
  value: string,
  flag: string,
  problem: string,
  hint?: string,
): StrataError =>
  usageProblem(command, `invalid argument ${JSON.stringify(value)} for "${flag}" flag: ${problem}`, hint);

/** Creates the error for a wrong number of arguments: in docker, exit code 1. */
export function argumentProblem(command: Command): StrataError {
  const least = command.registeredArguments.filter(({ required }) => required).length;
  const most = command.registeredArguments.some(({ variadic }) => variadic)
    ? Number.POSITIVE_INFINITY
    : command.registeredArguments.length;
  const plural = (count: number): string => `${count} argument${count === 1 ? '' : 's'}`;
  const rule =
    most === 0
      ? 'accepts no arguments'
      : least === most
        ? `requires exactly ${plural(least)}`
        : least > 0
          ? `requires at least ${most === Number.POSITIVE_INFINITY ? plural(least) : `${least} and at most ${plural(most)}`}`
          : `requires at most ${plural(most)}`;
  return new StrataError({
    code: 'ERR_ARGUMENT_COUNT',
    message: `"${nameOf(command)}" ${rule}.`,
    hint: withHelp(command, argumentHints.get(command)?.(command.args) ?? missingArgument(command)),
  });
}

function missingArgument({ args, registeredArguments }: Command): string | undefined {
  const missing = registeredArguments[args.length];
  if (missing?.required !== true) return undefined;
  const { description } = missing;
  // A description may begin with a word in capitals: CONTAINER:PATH.
  const text = description === '' ? '' : `: ${description.replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase())}`;
  return `${missing.name().toUpperCase()} is missing${text}.`;
}

/** A flag of docker that Strata lacks, and a hint; without one the hint points to the verb's help. */
export type LaterFlag = string | readonly [flag: string, hint: string];

const laterFlags = new WeakMap<Command, readonly LaterFlag[]>();

/** Returns a command's flags of {@link notYetFlags}. */
export const laterFlagsOf = (command: Command): readonly LaterFlag[] => laterFlags.get(command) ?? [];

/**
 * Accepts docker's flags that Strata lacks, to refuse them as not supported yet instead of as unknown. `exitCode` is
 * the command's in that case; default: 1.
 */
export function notYetFlags(command: Command, flags: readonly LaterFlag[], exitCode?: number): void {
  laterFlags.set(command, flags);
  for (const later of flags) {
    const [flag, hint] = typeof later === 'string' ? [later, undefined] : later;
    const option = command.createOption(flag).hideHelp();
    const refuse = (): never => {
      const help = `Leave it out. See '${nameOf(command)} --help' for the flags.`;
      throw notSupportedYet(option.long ?? flag, hint ?? help, exitCode);
    };
    option.argParser(refuse);
    command.addOption(option);
    command.on(`option:${option.name()}`, refuse);
  }
}

/** Creates the error for a flag of docker, or a value of one, that Strata lacks. `hint` names the alternative. */
export const notSupportedYet = (what: string, hint: string, exitCode?: number): StrataError =>
  new StrataError({
    code: 'ERR_NOT_SUPPORTED_YET',
    message: `${what}: not supported yet`,
    hint,
    ...(exitCode === undefined ? {} : { details: { exitCode } }),
  });

/** Collects a repeatable option. */
export const collect = (value: string, before: readonly string[]): string[] => [...before, value];
