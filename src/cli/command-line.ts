import { constants } from 'node:os';
import { Command, CommanderError } from 'commander';
import type { Engine } from '../engine/index.ts';
import { firstCause, isStrataError } from '../errors/index.ts';
import { present } from '../lib/present.ts';
import { errnoOf } from '../sys/errno.ts';
import type { CliContext, CommandOutput, GlobalOptions } from './context.ts';
import { exitCodeOf } from './exit-codes.ts';
import { explicitBooleans, usageProblem } from './flags/flags.ts';
import { defineProgram } from './program.ts';
import { Interruption } from './terminal/interruption.ts';

/** Runs one command line and returns its exit code. Everything it opened is closed when it resolves. */
export async function runCommandLine(argv: readonly string[], { out, err }: CommandOutput): Promise<number> {
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
      opened ??= openEngine(program);
      return opened;
    },
    out,
    outBytes: async (chunk) => (await import('./terminal/write-bytes.ts')).writeBytes(process.stdout, chunk),
    err,
    reportError: async (error) => {
      const { renderError } = await import('./render/error.ts');
      err(renderError(error, { debug: context.globals.debug === true }));
    },
    errBytes: async (chunk) => (await import('./terminal/write-bytes.ts')).writeBytes(process.stderr, chunk),
    programFor: async (words) => {
      const other = new Command('strata');
      await defineProgram(other, context, words);
      return other;
    },
    readLine: async () => (await import('./terminal/read-line.ts')).readLine(interruption.signal),
    setExitCode: (code) => {
      exitCode = code;
    },
  };
  try {
    await defineProgram(program, context, argv);
    await program.parseAsync(explicitBooleans(program, argv), { from: 'user' });
    return exitCode;
  } catch (thrown) {
    const error = firstCause(thrown);
    if (error instanceof CommanderError) return error.exitCode;
    if (interruption.signal.aborted && error === interruption.signal.reason) return interruption.exitCode;
    if (isReaderGone(error)) return brokenPipeExitCode();
    await context.reportError(error);
    return exitCodeOf(error);
  } finally {
    interruption.close();
    // A failure to open the store was reported above.
    const engine = await opened?.catch(() => undefined);
    await engine?.[Symbol.asyncDispose]();
  }
}

// The exit code that a shell shows for a program killed by SIGPIPE, as docker's command is.
const brokenPipeExitCode = (): number => 128 + constants.signals.SIGPIPE;

const isReaderGone = (error: unknown): boolean =>
  isStrataError(error, 'ERR_OUTPUT_CLOSED') && errnoOf(error.cause) === 'EPIPE';

async function openEngine(program: Command): Promise<Engine> {
  const { config, root, storageDriver } = program.opts<GlobalOptions>();
  // `--root "$STORE"` with the variable unset must not mean the working directory.
  for (const [flag, path] of Object.entries({ config, root }))
    if (path === '') throw usageProblem(program, `invalid argument "" for "--${flag}" flag: a path is needed`);
  const { Engine } = await import('../engine/index.ts');
  return Engine.open(
    present({
      configurationFile: config,
      root,
      storageDriver,
      mountThread: 'main',
    }),
  );
}
