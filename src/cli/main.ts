import { runCommandLine } from './command-line.ts';
import { exitEngineFailure } from './exit-codes.ts';
import { StandardStreams } from './terminal/standard-streams.ts';

// `strata images | head -1`: nobody reads on, and there is nothing to complain of. A full disk is worth a word, unless
// the command has failed of it and said so.
let lost: NodeJS.ErrnoException | undefined;
const streams = new StandardStreams((name, error) => {
  if (name === 'stdout' && error.code !== 'EPIPE') lost ??= error;
});
process.on('exit', () => {
  if (lost === undefined || process.exitCode !== 0) return;
  streams.err(`strata: write /dev/stdout: ${lost.code ?? lost.message}\n`);
  process.exitCode = 1;
});

// When a command is over all that it opened is closed, but a read of a pipe into which nobody writes cannot be called
// back, and would keep the process until somebody does.
const stuckMs = 100;

// Node ends quietly, and with success, when nothing is left that could settle what a command waits for.
const neverSettled = (): void => {
  streams.err('strata: internal error: the command waits for what can no longer come\n');
  process.exitCode = exitEngineFailure;
};
process.once('beforeExit', neverSettled);

runCommandLine(process.argv.slice(2), streams)
  .then(
    (code) => {
      process.exitCode = code;
      // What is piped is written to the end. When it is, and what went wrong has been told, nothing is left to be done,
      // and Node takes its time to find out.
      setImmediate(() => {
        if (streams.areDone) process.exit();
      });
      setTimeout(() => process.exit(), stuckMs).unref();
    },
    (error: unknown) => {
      streams.err(
        `strata: internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
      process.exitCode = exitEngineFailure;
    },
  )
  .finally(() => process.off('beforeExit', neverSettled));
