import { Command, CommanderError } from 'commander';
import type { Engine } from '../engine/engine.ts';
import { StrataError } from '../errors/index.ts';
import { type CommandEntry, commandTable, notYetVerbs } from './command-table.ts';
import type { CliContext, GlobalOptions } from './context.ts';
import { exitCodeOf, exitEngineFailure } from './exit-codes.ts';
import { explicitBooleans } from './flags.ts';
import { renderError } from './render/error.ts';

/** Runs one command line and gives the code to exit with; everything it opened is closed when it resolves. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const interruption = interruptible();
  let exitCode = 0;
  let opened: Promise<Engine> | undefined;
  const program = new Command('strata');
  const context: CliContext = {
    get globals() {
      return program.opts<GlobalOptions>();
    },
    signal: interruption.signal,
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
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitEngineFailure;
    if (interruption.signal.aborted && error === interruption.signal.reason) return 130;
    context.err(renderError(error, { debug: program.opts<GlobalOptions>().debug === true }));
    return exitCodeOf(error);
  } finally {
    interruption.close();
    await (await opened)?.[Symbol.asyncDispose]();
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
    .exitOverride()
    .enablePositionalOptions()
    .configureOutput({
      writeOut: context.out,
      writeErr: context.err,
      outputError: (text, write) => write(usageText(text)),
    });
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
    .exitOverride()
    .copyInheritedSettings(program);
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
    .exitOverride();
  command.copyInheritedSettings(program);
  command.allowExcessArguments().action(() => {
    if (command.args[0] !== undefined) throw unknownVerb(`${name} ${command.args[0]}`);
    command.outputHelp();
  });
  return command;
}

function unknownVerb(verb: string): StrataError {
  const first = verb.split(' ')[0] ?? '';
  if (notYetVerbs.has(verb.split(' ').at(-1) ?? '') || notYetVerbs.has(first)) {
    return new StrataError({
      kind: 'unsupported',
      code: 'ERR_NOT_SUPPORTED_YET',
      message: `strata ${verb}: not supported yet`,
    });
  }
  return new StrataError({
    kind: 'invalid-argument',
    code: 'ERR_COMMAND_UNKNOWN',
    message: `strata: '${verb}' is not a strata command`,
    hint: "see 'strata --help'",
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

/** Commander's wording, in docker's. */
function usageText(text: string): string {
  return text
    .replace(/^error: unknown option '([^']*)'/, 'unknown flag: $1')
    .replace(/^error: option '(?:-\w, )?(--[\w-]+)[^']*' argument missing/, 'flag needs an argument: $1')
    .replace(/^error: /, '');
}

/** One interrupt asks the work to stop and clean up; a second one ends the process at once. */
function interruptible(): { readonly signal: AbortSignal; close(): void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new DOMException('interrupted', 'AbortError'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    close: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
