import { runCommandLine } from './command-line.ts';
import { exitEngineFailure } from './exit-codes.ts';
import { reasonOf } from './file-problem.ts';
import { StandardStreams } from './terminal/standard-streams.ts';

// In `strata images | head -1` the closed pipe is no error. A full disk is reported, unless the command has failed
// because of it and reported it already.
let lost: NodeJS.ErrnoException | undefined;
const streams = new StandardStreams((name, error) => {
  if (name === 'stdout' && error.code !== 'EPIPE') lost ??= error;
});
process.on('exit', () => {
  if (lost === undefined || process.exitCode !== 0) return;
  streams.err(
    `strata: write /dev/stdout: ${reasonOf(lost)}\nhint: Free space on the disk that takes the output, or send it elsewhere.\n`,
  );
  process.exitCode = 1;
});

// A finished command has closed everything it opened, but a pending read of an idle pipe cannot be cancelled and would
// keep the process alive.
const stuckMs = 100;

// Node exits silently, with success, when nothing is left that could resolve the promise a command waits for.
const neverSettled = (): void => {
  streams.err('strata: internal error: the command waits for an event that can no longer happen\n');
  process.exitCode = exitEngineFailure;
};
process.once('beforeExit', neverSettled);

runCommandLine(process.argv.slice(2), streams)
  .then(
    (code) => {
      process.exitCode = code;
      // Piped output is written to the end. Once all is written, exit at once: Node alone takes longer to notice.
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
