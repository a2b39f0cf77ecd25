import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { AbortOptions } from '../../lib/abort.ts';
import { thenAlways } from '../../lib/then-always.ts';
import { closeInheritedOnExec } from '../close-inherited-on-exec.ts';
import { errnoOf } from '../errno.ts';
import { pause } from '../pause.ts';
import { isAlive, signalProcess } from '../process-identity.ts';
import { safeEnvironment } from '../run-program.ts';
import { dropHelperLock, readHolder, takeHelperLock, writeHolder } from './helper-lock.ts';

/** Description of a helper process. */
export interface Helper {
  /** Module of the program, which calls `runHelper`; see `workerUrl`. */
  readonly program: URL;
  readonly args: readonly string[];
  /** Version of the program. A helper of any other version is ended and replaced. */
  readonly version: string;
  /** Path of the lock file by which the helper is found. */
  readonly lock: string;
}

const { SIGTERM, SIGKILL } = constants.signals;
// Time from SIGTERM to SIGKILL, and until giving up on a process that even SIGKILL does not end.
const graceMs = 500;
const patienceMs = 2000;

/**
 * Makes sure that the helper runs, and starts it if it does not: in a new session, with no descriptor of ours but its lock. The
 * work for the helper must be on disk before. Returns false when no helper can be started, or one of another version does not
 * end; the work is then left to the next command.
 */
export async function keepHelper(helper: Helper, options: AbortOptions = {}): Promise<boolean> {
  try {
    for (let waited = 0, pauseMs = 1; waited < patienceMs; pauseMs = Math.min(pauseMs * 2, 50)) {
      const fd = takeHelperLock(helper.lock);
      if (fd !== undefined) return start(helper, fd);
      const holder = readHolder(helper.lock);
      // A process that was just killed holds the lock until its last thread has ended.
      const isDying = holder?.process !== undefined && !isAlive(holder.process);
      if (holder?.version === helper.version && !isDying) return true;
      if (holder?.process !== undefined) signalProcess(holder.process, waited < graceMs ? SIGTERM : SIGKILL);
      await pause(pauseMs, options);
      waited += pauseMs;
    }
    return false;
  } catch (error) {
    // A full or read-only disk, a limit of processes or memory, a helper of another user.
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** Starts the program with the lock. If we are killed, the lock is free before the program exists, and the program's afterwards. */
function start({ program, args, version, lock }: Helper, fd: number): boolean {
  let isStarted = false;
  thenAlways(
    () => {
      writeHolder(fd, { version, process: undefined });
      closeInheritedOnExec();
      const child = spawn(process.execPath, [fileURLToPath(program), lock, version, ...args], {
        cwd: '/',
        detached: true,
        env: safeEnvironment,
        stdio: ['ignore', 'ignore', 'ignore', fd],
      });
      // Some failures are emitted as an event, others are thrown.
      child.on('error', () => undefined);
      child.unref();
      isStarted = child.pid !== undefined;
    },
    () => (isStarted ? closeSync(fd) : dropHelperLock(lock, fd)),
  );
  return isStarted;
}
