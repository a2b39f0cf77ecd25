import { Command, CommanderError } from 'commander';
import type { Engine } from '../engine/engine.ts';
import { StrataError } from '../errors/index.ts';
import { type CommandEntry, commandTable, isDockers } from './command-table.ts';
import type { CliContext, GlobalOptions } from './context.ts';
import { exitCodeOf } from './exit-codes.ts';
import { argumentProblem, explicitBooleans, notSupportedYet, usageProblem } from './flags.ts';
import { Interruption } from './interruption.ts';
import { renderError } from './render/error.ts';

/** Runs one command line and gives the code to exit with; everything it opened is closed when it resolves. */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  const argv = words[0] === 'help' ? [...words.slice(1), '--help'] : words;
  const interruption = new Interruption();
  let exitCode = 0;
  let opened: Promise<Engine> | undefined;
  const program = new Command('strata');
  const context: CliContext = {
    get globals() {
      return program.opts<GlobalOptions>();
    },
    signal: interruption.signal,
    handOverSignals: () => interruption.handOver(),
    engine: () => {
      opened ??= openEngine(program.opts<GlobalOptions>());
      return opened;
    },
    out: (text) => void process.stdout.write(text),
    outBytes: async (chunk) => (await import('./write-bytes.ts')).writeBytes(process.stdout, chunk),
    err: (text) => void process.stderr.write(text),
    readLine: async () => (await import('./read-line.ts')).readLine(interruption.signal),
    setExitCode: (code) => {
      exitCode = code;
    },
  };
  try {
    await defineProgram(program, context, argv);
    await program.parseAsync(explicitBooleans(program, argv), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (interruption.signal.aborted && error === interruption.signal.reason) return interruption.exitCode;
    context.err(renderError(error, { debug: program.opts<GlobalOptions>().debug === true }));
    return exitCodeOf(error);
  } finally {
    interruption.close();
    // A store that could not be opened has been told of above.
    const engine = await opened?.catch(() => undefined);
    await engine?.[Symbol.asyncDispose]();
  }
}

async function openEngine(globals: GlobalOptions): Promise<Engine> {
  const { Engine } = await import('../engine/engine.ts');
  return Engine.open({
    ...(globals.root === undefined ? {} : { root: globals.root }),
    ...(globals.storageDriver === undefined ? {} : { storageDriver: globals.storageDriver }),
    ownProcess: true,
  });
}

async function defineProgram(program: Command, context: CliContext, argv: readonly string[]): Promise<void> {
  program
    .description('Build, run and understand container images, without a daemon')
    .option('--root <dir>', 'where the store lies (default: $STRATA_ROOT or /var/lib/strata)')
    .option('--storage-driver <name>', 'overlay2, vfs or auto')
    .option('-D, --debug', 'show causes and stacks of errors')
    .option('-v, --version', 'print the version')
    .exitOverride((error) => refuseUsage(program, error))
    .enablePositionalOptions()
    .showSuggestionAfterError(false)
    // What is wrong with the arguments is told in docker's words, once it is caught.
    .configureOutput({ writeOut: context.out, writeErr: context.err, outputError: () => undefined });
  program.addHelpCommand(false);
  const wanted = wantedWords(program, argv);
  for (const entry of commandTable) {
    for (const path of entry.names) await defineVerb(program, context, entry, path, wanted);
  }
  program.on('command:*', (words: string[]) => {
    throw unknownVerb(words[0] ?? '');
  });
  program.action(async () => {
    if (program.args[0] !== undefined) throw unknownVerb(program.args[0]);
    if (program.opts<GlobalOptions>().version !== true) return program.outputHelp();
    const { strataVersion } = await import('../engine/versions.ts');
    context.out(`strata version ${strataVersion()}\n`);
  });
  program.allowExcessArguments();
}

async function defineVerb(
  program: Command,
  context: CliContext,
  entry: CommandEntry,
  path: readonly string[],
  wanted: readonly string[],
): Promise<void> {
  const [first, second] = path;
  if (first === undefined) return;
  const parent = second === undefined ? program : (find(program, first) ?? managementCommand(program, first));
  const hidden = path !== entry.names[0];
  const command = parent
    .command(second ?? first, { hidden: second === undefined ? hidden : false })
    .description(entry.summary)
    .copyInheritedSettings(program);
  command.exitOverride((error) => refuseUsage(command, error));
  // Only the verb that is called is loaded: start-up time is part of what people feel of a command line.
  if (entry.load && wanted[0] === first && (second === undefined || wanted[1] === second)) {
    (await entry.load()).define(command, context);
  }
}

const find = (program: Command, name: string): Command | undefined =>
  program.commands.find((command) => command.name() === name);

function managementCommand(program: Command, name: string): Command {
  const command = program
    .command(name)
    .description(`Manage ${name === 'system' ? 'Strata' : `${name}s`}`)
    .copyInheritedSettings(program);
  command.exitOverride((error) => refuseUsage(command, error));
  command.allowExcessArguments().action(() => {
    if (command.args[0] !== undefined) throw unknownVerb(`${name} ${command.args[0]}`);
    command.outputHelp();
  });
  return command;
}

/** Docker's words for what the argument parser found wrong; help, which it reports the same way, goes through. */
function refuseUsage(command: Command, error: CommanderError): never {
  const [, flag = ''] = /'(?:-\w, )?(-[^\s']*)/.exec(error.message) ?? [];
  switch (error.code) {
    case 'commander.unknownOption':
      throw usageProblem(
        command,
        flag.startsWith('--')
          ? `unknown flag: ${flag.replace(/=.*$/s, '')}`
          : `unknown shorthand flag: '${flag.charAt(1)}' in ${flag}`,
      );
    case 'commander.optionMissingArgument':
      throw usageProblem(command, `flag needs an argument: ${flag}`);
    case 'commander.missingArgument':
    case 'commander.excessArguments':
      throw argumentProblem(command);
    default:
      if (error.exitCode === 0) throw error;
      throw usageProblem(command, error.message.replace(/^error: /, ''));
  }
}

function unknownVerb(verb: string): StrataError {
  if (isDockers(verb)) return notSupportedYet(`strata ${verb}`);
  return new StrataError({
    kind: 'invalid-argument',
    code: 'ERR_COMMAND_UNKNOWN',
    message: `'${verb}' is not a strata command.`,
    hint: "See 'strata --help'.",
  });
}

/** The words before the first option of the verb, so that its module can be loaded before arguments are parsed. */
function wantedWords(program: Command, argv: readonly string[]): readonly string[] {
  const words: string[] = [];
  for (let i = 0; i < argv.length && words.length < 2; i++) {
    const argument = argv[i] ?? '';
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
