import type { Command, Option } from 'commander';
import { StrataError } from '../../errors/index.ts';

const passingThrough = new WeakSet<Command>();

/** Undefined for arguments that tell nothing of what was meant. */
type ArgumentHint = (given: readonly string[]) => string | undefined;

const argumentHints = new WeakMap<Command, ArgumentHint>();

/** Sets what to do about a wrong number of arguments, where more can be told than which one is missing. */
export function hintForArguments(command: Command, hint: ArgumentHint): void {
  argumentHints.set(command, hint);
}

/** From the first argument on everything belongs to the program in the container, as with `docker run`. */
export function passThrough(command: Command): void {
  command.passThroughOptions();
  passingThrough.add(command);
}

/** Whether what stands behind the first argument is none of the command's. */
export const passesThrough = (command: Command): boolean => passingThrough.has(command);

// Go's strconv.ParseBool.
const truths: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
]);

/**
 * Docker's flags take `--rm=false` for switches, which the argument parser does not know: `--name=true` and `-n=true`
 * become the bare switch, `--name=false` goes away or becomes `--no-name`, `--no-name=false` goes away. `-w=/x` is `-w/x`.
 * Values of other flags, what stands behind `--`, and what belongs to a program in a container stay as they are. Throws
 * ERR_USAGE.
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

/** As with docker, a flag that can do without its value never takes the next argument for one. */
const withDefault = (command: Command, argument: string): string =>
  findLong(command, argument)?.optional === true ? `${argument}=true` : argument;

/** A value may stand behind the letter of its flag with a `=` between, also after switches: `-e=A=1`, `-ite=A=1`. */
function withoutEquals(command: Command, argument: string): string {
  const at = argument.startsWith('--') ? -1 : valueLetter(command, argument);
  const isBetween = at >= 0 && argument[at + 1] === '=' && at + 2 < argument.length;
  return isBetween ? argument.slice(0, at + 1) + argument.slice(at + 2) : argument;
}

/** Where in `-ite` the first letter stands that takes a value; -1 without any. */
const valueLetter = (command: Command, letters: string): number =>
  letters
    .split('')
    .findIndex(
      (letter, at) => at > 0 && command.options.some(({ short, required }) => required && short === `-${letter}`),
    );

/** The flag that an argument ends with, if its value comes next: `--name`, `-e`, `-ite`. */
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

/** `strata image ls`: how a command is called. */
export function nameOf(command: Command): string {
  const names: string[] = [];
  for (let one: Command | null = command; one !== null; one = one.parent) names.unshift(one.name());
  return names.join(' ');
}

/** A wrong flag or value of one, in docker's words and with its exit code; `hint` is what to do, where that can be told. */
export const usageProblem = (command: Command, message: string, hint?: string): StrataError =>
  new StrataError({ code: 'ERR_USAGE', message, hint: withHelp(command, hint) });

const withHelp = (command: Command, hint: string | undefined): string =>
  `${hint === undefined ? '' : `${hint} `}See '${nameOf(command)} --help'.`;

/** One of what docker finds once it has read the line: nothing is said of `--help`. Default exit code: 125. */
export const plainUsageProblem = (message: string, exitCode?: number): StrataError =>
  new StrataError({
    code: 'ERR_USAGE',
    message,
    ...(exitCode === undefined ? {} : { details: { exitCode } }),
  });

/** {@link usageProblem} of a value. `flag` is written as docker's help has it: `-m, --memory`. */
export const wrongValue = (command: Command, value: string, flag: string, problem: string): StrataError =>
  usageProblem(command, `invalid argument ${JSON.stringify(value)} for "${flag}" flag: ${problem}`);

/** A wrong number of arguments, which docker answers with exit code 1. */
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
  return `<${missing.name()}> is missing${description === '' ? '' : `: ${description}`}.`;
}

/** A flag, and what there is instead; where nothing is, its verb's help tells what there is. */
export type LaterFlag = string | readonly [flag: string, hint: string];

const laterFlags = new WeakMap<Command, readonly LaterFlag[]>();

/** What {@link notYetFlags} was given for a command. */
export const laterFlagsOf = (command: Command): readonly LaterFlag[] => laterFlags.get(command) ?? [];

/**
 * Accepts docker's flags that Strata does not have yet, to answer with their name instead of "unknown flag". `exitCode` is
 * the command's then; 1 when not given.
 */
export function notYetFlags(command: Command, flags: readonly LaterFlag[], exitCode?: number): void {
  laterFlags.set(command, flags);
  for (const later of flags) {
    const [flag, hint] = typeof later === 'string' ? [later, undefined] : later;
    const option = command.createOption(flag).hideHelp();
    const refuse = (): never => {
      const help = `Leave it out; '${nameOf(command)} --help' lists what there is.`;
      throw notSupportedYet(option.long ?? flag, hint ?? help, exitCode);
    };
    option.argParser(refuse);
    command.addOption(option);
    command.on(`option:${option.name()}`, refuse);
  }
}

/** For a flag, or a value of one, that docker has; `hint` is what to do instead. */
export const notSupportedYet = (what: string, hint: string, exitCode?: number): StrataError =>
  new StrataError({
    code: 'ERR_NOT_SUPPORTED_YET',
    message: `${what}: not supported yet`,
    hint,
    ...(exitCode === undefined ? {} : { details: { exitCode } }),
  });

/** Collects a repeatable option. */
export const collect = (value: string, before: readonly string[]): string[] => [...before, value];
