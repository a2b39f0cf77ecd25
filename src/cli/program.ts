import type { WriteStream } from 'node:tty';
import type { Command } from 'commander';
import { StrataError } from '../errors/index.ts';
import { type CommandEntry, commandTable, isDockerVerb } from './command-table.ts';
import type { CliContext, GlobalOptions } from './context.ts';
import { refuseUsage } from './refuse-usage.ts';
import { mayBeTerminal } from './terminal/standard-streams.ts';
import { laterVerb, unknownVerb } from './unknown-verb.ts';
import { noteEntry, verbOf } from './verb-entries.ts';

/** Adds flags and verbs to a program; only the verb that `argv` calls is loaded. */
export async function defineProgram(program: Command, context: CliContext, argv: readonly string[]): Promise<void> {
  program
    .description('Build, run and understand container images, without a daemon')
    .option('--config <file>', "Configuration file (default $STRATA_CONFIG, a user's own or /etc/strata/config.json)")
    .option('--root <dir>', 'Directory of the store (default $STRATA_ROOT, data-root of the file or /var/lib/strata)')
    .option('--storage-driver <name>', "Storage driver: auto, or one that 'strata info' lists")
    .option('-D, --debug', 'Print causes and stacks of errors')
    .option('-v, --version', 'Print version information and quit')
    .helpOption('-h, --help', 'Print usage')
    .exitOverride((error) => refuseUsage(program, error, argv))
    .enablePositionalOptions()
    .showSuggestionAfterError(false)
    // Errors in the arguments are reported in docker's words where they are caught.
    .configureOutput({
      writeOut: context.out,
      writeErr: context.err,
      outputError: () => undefined,
      // Commander's defaults open Node's streams, which takes longer than the help itself. The text has no colours.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      getOutHelpWidth: () => widthOf(1, () => process.stdout),
      getErrHelpWidth: () => widthOf(2, () => process.stderr),
    });
  program.addHelpCommand(false);
  const words = verbWords(program, argv);
  // Defining all verbs takes a tenth of the time of a short command, so they are defined only for help and errors.
  const all = commandTable.flatMap((entry) => entry.names.map((path) => ({ entry, path })));
  const called = all.filter(({ path }) => path.every((word, at) => word === words[at]));
  const shown = asksForVersion(argv) ? [] : all;
  if (asksForHelp(argv) || (called.length === 0 && shown.length > 0))
    program.configureHelp((await import('./help-style.ts')).helpStyle);
  for (const { entry, path } of called.length > 0 ? called : shown) {
    await defineVerb({ program, context, argv }, entry, path, words);
  }
  defineHelp(program, argv);
  program.on('command:*', (words: string[]) => {
    throw unknownVerb(program, words[0] ?? '');
  });
  program.action(async () => {
    if (program.args[0] !== undefined) throw unknownVerb(program, program.args[0]);
    if (program.opts<GlobalOptions>().version !== true) return program.outputHelp();
    const { strataVersion } = await import('../lib/strata-version.ts');
    context.out(`strata version ${strataVersion()}\n`);
  });
  program.allowExcessArguments();
}

const usualWidth = 80;

const widthOf = (fd: number, stream: () => Partial<WriteStream>): number =>
  (mayBeTerminal(fd) ? stream().columns : undefined) ?? usualWidth;

const asksForVersion = (argv: readonly string[]): boolean =>
  argv.length > 0 && argv.every((word) => word === '-v' || word === '--version');

/** True if the line may ask for help. The parser takes `-ah` for two flags. */
const asksForHelp = (argv: readonly string[]): boolean => argv.some((word) => /^(?:help|--help|-\w*h\w*)$/.test(word));

interface ProgramCall {
  readonly program: Command;
  readonly context: CliContext;
  readonly argv: readonly string[];
}

async function defineVerb(
  { program, context, argv }: ProgramCall,
  entry: CommandEntry,
  path: readonly string[],
  words: readonly string[],
): Promise<void> {
  const [first, second] = path;
  if (first === undefined) return;
  const parent = second === undefined ? program : (find(program, first) ?? managementCommand(program, first, argv));
  // Help shows a verb once below each noun, by the first of its names there.
  const hidden =
    entry.isInternal === true ||
    path !== entry.names.find((name) => name.length === path.length && (second === undefined || name[0] === first));
  const command = parent
    .command(second ?? first, { hidden })
    .description((second === undefined ? undefined : entry.nounSummaries?.[first]) ?? entry.summary)
    .copyInheritedSettings(program);
  noteEntry(command, entry);
  command.exitOverride((error) => refuseUsage(command, error, argv));
  // Only the called verb is loaded, to keep the start-up short.
  if (words[0] === first && (second === undefined || words[1] === second)) {
    (await entry.load()).define(command, context);
    if (asksForHelp(argv)) {
      const { exampleText } = await import('./examples.ts');
      const text = exampleText(verbOf(command));
      if (text !== '') command.addHelpText('after', text);
    }
  }
}

const find = (program: Command, name: string): Command | undefined =>
  program.commands.find((command) => command.name() === name);

const nouns: { readonly [noun: string]: string } = { builder: 'builds', system: 'Strata' };

function managementCommand(program: Command, name: string, argv: readonly string[]): Command {
  const command = program
    .command(name)
    .description(`Manage ${nouns[name] ?? `${name}s`}`)
    .copyInheritedSettings(program);
  command.exitOverride((error) => refuseUsage(command, error, argv));
  command.allowExcessArguments().action(() => {
    if (command.args[0] !== undefined) throw unknownVerb(command, command.args[0]);
    command.outputHelp();
  });
  return command;
}

/** Adds `help [VERB…]` as a command of its own: after `run`, the parser would take the words for a program to run. */
function defineHelp(program: Command, argv: readonly string[]): void {
  const command = program.command('help', { hidden: true }).argument('[verb...]').copyInheritedSettings(program);
  command.exitOverride((error) => refuseUsage(command, error, argv));
  command.action((words: readonly string[]) => {
    let topic = program;
    for (const [at, word] of words.entries()) {
      const next = find(topic, word);
      if (next === undefined) throw unknownTopic(words, at);
      topic = next;
    }
    topic.outputHelp();
  });
}

function unknownTopic(words: readonly string[], at: number): StrataError {
  const verb = words.slice(0, at + 1).join(' ');
  if (isDockerVerb(verb)) return laterVerb(verb);
  return new StrataError({
    code: 'ERR_COMMAND_UNKNOWN',
    message: `unknown help topic: ${words[at] ?? ''}`,
    hint: "See 'strata --help'.",
  });
}

/** Returns the verb's words on the line, so that its module can be loaded before the arguments are parsed. */
function verbWords(program: Command, argv: readonly string[]): readonly string[] {
  const words: string[] = [];
  for (let i = 0; i < argv.length && words.length < 2; i++) {
    const argument = argv[i] ?? '';
    if (argument === 'help' && words.length === 0) continue;
    if (!argument.startsWith('-')) words.push(argument);
    else if (words.length > 0) break;
    else if (
      !argument.includes('=') &&
      program.options.some(({ long, short, required }) => required && (argument === long || argument === short))
    )
      i++;
  }
  return words;
}
