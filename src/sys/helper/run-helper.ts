import { enterControlGroup } from '../enter-control-group.ts';
import { identify } from '../process-identity.ts';
import { dropHelperLock, takeHelperLock, writeHolder } from './helper-lock.ts';

/** Work of a helper process. */
export interface HelperProgram {
  /** Does all pending work. Rejects early when `signal` aborts, because another version takes over. */
  work(signal: AbortSignal): Promise<void>;
  /** Returns true when new work is pending; called after the lock has been released. */
  isNeeded(): boolean;
}

// Descriptor on which `keepHelper` passes the lock. Node does not pass it on to programs that a helper starts.
const inheritedLock = 3;

/** Runs this process as the helper that `keepHelper` started, until no work is left. */
export function runHelper(makeProgram: (args: readonly string[]) => HelperProgram): void {
  enterControlGroup('strata.helpers');
  serve(makeProgram).catch(() => {
    process.exitCode = 1;
  });
}

async function serve(makeProgram: (args: readonly string[]) => HelperProgram): Promise<void> {
  const [lock = '', version = '', ...args] = process.argv.slice(2);
  const ending = new AbortController();
  process.on('SIGTERM', () => ending.abort());
  const program = makeProgram(args);
  const next = (): number | undefined => (program.isNeeded() ? takeHelperLock(lock) : undefined);
  for (let fd: number | undefined = inheritedLock; fd !== undefined; fd = next()) {
    try {
      writeHolder(fd, { version, process: identify(process.pid) });
      await program.work(ending.signal);
    } finally {
      dropHelperLock(lock, fd);
    }
    if (ending.signal.aborted) return;
  }
}
