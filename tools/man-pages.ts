// Makes manual pages from the same definitions as --help.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, type Option } from 'commander';
import { type CommandEntry, commandTable } from '../src/cli/command-table.ts';
import type { CliContext } from '../src/cli/context.ts';
import { type Example, examples } from '../src/cli/examples.ts';
import { nameOf } from '../src/cli/flags/flags.ts';
import { settingFlags } from '../src/cli/flags/setting-flags.ts';
import { helpStyle, optionText } from '../src/cli/help-style.ts';
import { defineProgram } from '../src/cli/program.ts';
import { fileVariable, systemFile } from '../src/configuration/configuration-file.ts';
import { type SettingName, settingNames, settings } from '../src/configuration/settings.ts';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
  readonly version: string;
};

/** Returns the text of each page by file name: for the command, for each noun and for each verb. */
export async function manPages(date: Date): Promise<ReadonlyMap<string, string>> {
  const pages = new Map<string, string>();
  const shown = commandTable.filter(({ isInternal }) => isInternal !== true);
  const add = (path: readonly string[], text: string): unknown => pages.set(`${['strata', ...path].join('-')}.1`, text);
  const program = await defineCommand([]);
  add([], programPage(program, date));
  for (const noun of program.commands.filter(({ commands }) => commands.length > 0)) {
    add([noun.name()], nounPage(noun, shown, date));
  }
  for (const entry of shown) {
    const [first = []] = entry.names;
    add(first, verbPage(commandAt(await defineCommand(first), first), entry, date));
  }
  return pages;
}

/** Defines the verb at `path`. Its context stays unused, as the verb never runs. */
async function defineCommand(path: readonly string[]): Promise<Command> {
  const program = new Command('strata').configureHelp(helpStyle);
  await defineProgram(program, {} as CliContext, path);
  return program;
}

const commandAt = (program: Command, path: readonly string[]): Command =>
  path.reduce((at, word) => at.commands.find((one) => one.name() === word) ?? at, program);

function programPage(program: Command, date: Date): string {
  return [
    heading(['strata'], date),
    name([['strata']], program.description()),
    synopsis(program),
    section('DESCRIPTION'),
    text(
      'Builds, runs and explains layered container images as Docker does. No daemon: a command opens the store, works, and leaves.',
    ),
    section('OPTIONS'),
    text('Give these before the command.'),
    ...optionsOf(program).map(optionEntry),
    section('COMMANDS'),
    ...program
      .createHelp()
      .visibleCommands(program)
      .map((command) => entryOf(`\\fBstrata\\-${escape(command.name())}\\fR(1)`, command.description())),
    section('EXIT STATUS'),
    text('That of the program in the container for run, exec and start -a; otherwise:'),
    ...[
      ['0', 'It is done.'],
      ['1', 'It could not be done; standard error says why, and what to do.'],
      ['64', 'The template of --format cannot be parsed (inspect, info, version).'],
      ['125', 'The line is wrong, or the container could not be made.'],
      ['126', 'The program in the container cannot be run.'],
      ['127', 'There is no such program in the container.'],
    ].map(([code = '', what = '']) => entryOf(code, what)),
    section('ENVIRONMENT'),
    entryOf(`\\fB${fileVariable}\\fR`, 'The configuration file, unless --config names one.'),
    ...settingNames.flatMap(variableEntry),
    section('FILES'),
    entryOf(
      `\\fI${systemFile}\\fR`,
      "The configuration, in place of which stands what --config names, or a user's own:",
    ),
    entryOf('\\fI~/.config/strata/config.json\\fR', "A user's configuration; in $XDG_CONFIG_HOME where that is set."),
    entryOf('\\fI/var/lib/strata\\fR', 'The store.'),
    entryOf('\\fI/run/strata\\fR', 'What is gone after a reboot: sockets, bundles.'),
    seeAlso(['strata\\-build', 'strata\\-run', 'strata\\-images', 'strata\\-completion', 'runc']),
  ].join('');
}

/** Returns the entry of a setting's variable, with the summary of the documentation without its code marks. */
function variableEntry(setting: SettingName): string[] {
  const { key, variable, summary } = settings[setting];
  const flag = settingFlags.get(key);
  if (variable === undefined) return [];
  const unless = flag === undefined ? '' : ` Unless ${flag} says otherwise.`;
  return [entryOf(`\\fB${escape(variable)}\\fR`, `${summary.replaceAll('`', '')}${unless}`)];
}

function nounPage(noun: Command, shown: readonly CommandEntry[], date: Date): string {
  const words = ['strata', noun.name()];
  const page = (verb: string): string => {
    const entry = shown.find(({ names }) => names.some((path) => path.join(' ') === `${noun.name()} ${verb}`));
    return ['strata', ...(entry?.names[0] ?? [noun.name(), verb])].join('-');
  };
  return [
    heading(words, date),
    name([words], noun.description()),
    synopsis(noun),
    section('COMMANDS'),
    ...noun
      .createHelp()
      .visibleCommands(noun)
      .map((verb) => entryOf(`\\fB${escape(verb.name())}\\fR`, `${verb.description()}: see ${page(verb.name())}(1).`)),
    seeAlso(['strata']),
  ].join('');
}

function verbPage(command: Command, { names, summary }: CommandEntry, date: Date): string {
  const [first = []] = names;
  const words = ['strata', ...first];
  const verb = first.join(' ');

  return [
    heading(words, date),
    name(
      names.map((path) => ['strata', ...path]),
      summary,
    ),
    synopsis(command),
    section('DESCRIPTION'),
    text(`${summary}.`),
    ...command.registeredArguments.map((argument) =>
      entryOf(`\\fI${escape(argument.name())}\\fR`, argument.description),
    ),
    section('OPTIONS'),
    ...optionsOf(command).map(optionEntry),
    ...(examples.has(verb) ? [section('EXAMPLES'), ...(examples.get(verb) ?? []).map(exampleEntry)] : []),
    seeAlso(['strata']),
  ].join('');
}

const optionsOf = (command: Command): readonly Option[] => command.createHelp().visibleOptions(command);

/** Returns the entry of an option such as `-t, --tag <name>`: flags in bold, the value's name in italics. */
function optionEntry(option: Option): string {
  const tag = option.flags
    .split(', ')
    .map((flag) => {
      const [, bare = flag, value = ''] = /^(\S+)\s*(.*)$/s.exec(flag) ?? [];
      return `\\fB${escape(bare)}\\fR${value === '' ? '' : ` \\fI${escape(value.replace(/[<>]/g, ''))}\\fR`}`;
    })
    .join(', ');
  return entryOf(tag, optionText(option));
}

const exampleEntry = ({ line, text: why }: Example): string => `.TP\n\\fB${escape(line)}\\fR\n${paragraph(why)}\n`;

const heading = (words: readonly string[], date: Date): string =>
  `.TH "${words.map(escape).join('\\-').toUpperCase()}" "1" "${date.toISOString().slice(0, 10)}" "Strata ${version}" "Strata"\n`;

const section = (title: string): string => `.SH ${title}\n`;

/** Returns the NAME section with all names of a page: man(1) finds it by each of them. */
const name = (names: readonly (readonly string[])[], summary: string): string =>
  `${section('NAME')}${names.map((words) => words.map(escape).join('\\-')).join(', ')} \\- ${escape(lowerFirst(summary))}\n`;

/** Returns the usage lines of the help, with the words of the command in bold. */
function synopsis(command: Command): string {
  const words = nameOf(command);
  const lines = command
    .createHelp()
    .commandUsage(command)
    .split('\n')
    .map((line) => `\\fB${escape(words)}\\fR${escape(line.trim().slice(words.length))}\n`);
  return section('SYNOPSIS') + lines.join('.br\n');
}

const entryOf = (tag: string, description: string): string => `.TP\n${tag}\n${paragraph(description)}\n`;

const text = (words: string): string => `${paragraph(words)}\n`;

const seeAlso = (pages: readonly string[]): string =>
  `${section('SEE ALSO')}${pages.map((page) => `\\fB${page}\\fR(${page === 'runc' ? 8 : 1})`).join(', ')}\n`;

const lowerFirst = (words: string): string => words.charAt(0).toLowerCase() + words.slice(1);

/** Escapes a paragraph, also a dot or quote at its start, which troff would read as a request. */
const paragraph = (words: string): string => escape(words).replace(/^(?=[.'])/, '\\&');

/** Escapes text for troff: dashes can be copied into a shell, characters outside ASCII are written by number. */
const escape = (words: string): string =>
  words
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/'/g, '\\(aq')
    .replace(
      /[^\u0000-\u007f]/gu,
      (character) => `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    );
