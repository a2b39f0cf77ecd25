import { type Command, Help, type HelpConfiguration, type Option } from 'commander';
import { nameOf } from './flags/flags.ts';
import { entryOf } from './verb-entries.ts';

const usualWidth = 80;
const verbsHeading = 'Commands:';
const nounsHeading = 'Management Commands:';
const commonHeading = 'Common Commands:';
/** Docker's common commands, in its order. */
const commonVerbs: readonly string[] = ['run', 'exec', 'ps', 'build', 'images', 'version', 'info'];

/** Returns the text of an option in help: its description, choices and default, in docker's form. */
export function optionText({ description, defaultValue, argChoices }: Option): string {
  const text = argChoices === undefined ? description : `${description}: ${argChoices.join(' or ')}`;
  // An option that may be given several times is empty by default, which help does not mention.
  if (defaultValue === undefined || defaultValue === false || Array.isArray(defaultValue)) return text;
  return `${text} (default ${JSON.stringify(defaultValue)})`;
}

// Commander's own 40 leaves the flags of `run` unwrapped below 80 columns.
const leastTextWidth = 20;

/** Help in docker's layout. Arguments and examples are Strata's own sections. */
export const helpStyle: HelpConfiguration = {
  minWidthToWrap: leastTextWidth,
  optionDescription: optionText,
  optionTerm: ({ short, flags }) => (short === undefined ? `    ${flags}` : flags),
  visibleOptions: (command) => sortOptions(command),
  commandUsage: usageOf,
  formatHelp,
};

const sortOptions = (command: Command): Option[] =>
  new Help().visibleOptions(command).toSorted((a, b) => compare(a.name(), b.name()));

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function usageOf(command: Command): string {
  const words = nameOf(command);
  if (command.parent === null) return `${words} [OPTIONS] COMMAND`;
  if (command.commands.length > 0) return `${words} COMMAND`;
  const hasOptions = command.options.some(({ hidden }) => !hidden);
  const lines = entryOf(command)?.arguments ?? [argumentsOf(command)];
  return lines.map((line) => [words, ...(hasOptions ? ['[OPTIONS]'] : []), line].join(' ').trim()).join('\n        ');
}

const argumentsOf = ({ registeredArguments }: Command): string =>
  registeredArguments
    .map((argument) => {
      const name = argument.name().toUpperCase();
      const text = argument.variadic && argument.required ? `${name} [${name}...]` : name;
      return argument.required ? text : `[${argument.variadic ? `${name}...` : name}]`;
    })
    .join(' ');

function formatHelp(command: Command, help: Help): string {
  const isVerb = command.commands.length === 0;
  const isNoun = !isVerb && command.parent !== null;
  const options = isNoun ? [] : help.visibleOptions(command);
  const sections = [
    `Usage:  ${help.commandUsage(command)}`,
    help.boxWrap(command.description(), help.helpWidth ?? usualWidth),
    ...(isVerb ? [] : commandSections(command, help)),
    aliasSection(command),
    itemSection(
      'Arguments:',
      help.visibleArguments(command).map((argument) => [argument.name().toUpperCase(), argument.description]),
      help,
    ),
    itemSection(
      command.parent === null ? 'Global Options:' : 'Options:',
      options.map((option) => [help.optionTerm(option), help.optionDescription(option)]),
      help,
    ),
    ...(isVerb ? [] : [`Run '${nameOf(command)} COMMAND --help' for more information on a command.`]),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function commandSections(command: Command, help: Help): string[] {
  const commands = help.visibleCommands(command).toSorted((a, b) => compare(a.name(), b.name()));
  const headingOf = (each: Command): string =>
    each.commands.length > 0
      ? nounsHeading
      : command.parent === null && commonVerbs.includes(each.name())
        ? commonHeading
        : verbsHeading;
  const groups = Map.groupBy(commands, headingOf);
  groups.get(commonHeading)?.sort((a, b) => commonVerbs.indexOf(a.name()) - commonVerbs.indexOf(b.name()));
  return [commonHeading, nounsHeading, verbsHeading].map((heading) =>
    itemSection(
      heading,
      (groups.get(heading) ?? []).map((each) => [each.name(), each.description()]),
      help,
    ),
  );
}

/** Lists the names of a verb as docker does: those of its noun before the short one, and none for `inspect`. */
function aliasSection(command: Command): string {
  const { names, nounSummaries } = entryOf(command) ?? { names: [], nounSummaries: undefined };
  if (names.length < 2 || nounSummaries !== undefined) return '';
  const noun = names.find(({ length }) => length === 2)?.[0];
  const rank = ([first, second]: readonly string[]): number => (second === undefined ? 1 : first === noun ? 0 : 2);
  const aliases = names.toSorted((a, b) => rank(a) - rank(b)).map((path) => ['strata', ...path].join(' '));
  return `Aliases:\n  ${aliases.join(', ')}`;
}

function itemSection(heading: string, items: readonly (readonly [term: string, text: string])[], help: Help): string {
  if (items.length === 0) return '';
  const width = Math.max(10, ...items.map(([term]) => term.length));
  return [heading, ...items.map(([term, text]) => help.formatItem(term, width, text, help))].join('\n');
}
