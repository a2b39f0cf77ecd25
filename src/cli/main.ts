import { runCommandLine } from './command-line.ts';
import { exitEngineFailure } from './exit-codes.ts';

// `strata images | head -1`: nobody reads on, and there is nothing to complain of. A full disk is worth a word, unless
// the command has failed of it and said so.
let lost: NodeJS.ErrnoException | undefined;
process.stderr.on('error', () => undefined);
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') lost ??= error;
});
process.on('exit', () => {
  if (lost === undefined || process.exitCode !== 0) return;
  process.stderr.write(`strata: write /dev/stdout: ${lost.code ?? lost.message}\n`);
  process.exitCode = 1;
});

// When a command is over all that it opened is closed, but a read of a pipe into which nobody writes cannot be called
// back, and would keep the process until somebody does.
const stuckMs = 100;

// Node ends quietly, and with success, when nothing is left that could settle what a command waits for.
const neverSettled = (): void => {
  process.stderr.write('strata: internal error: the command waits for what can no longer come\n');
  process.exitCode = exitEngineFailure;
};
process.once('beforeExit', neverSettled);

// The exit code is set rather than forced, so that piped output is written to the end.
runCommandLine(process.argv.slice(2))
  .then(
    (code) => {
      process.exitCode = code;
      setTimeout(() => process.exit(), stuckMs).unref();
    },
    (error: unknown) => {
      process.stderr.write(
        `strata: internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
      process.exitCode = exitEngineFailure;
    },
  )
  .finally(() => process.off('beforeExit', neverSettled));
