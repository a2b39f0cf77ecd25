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

export interface Helper {
  /** Module of the program, which calls `runHelper`; see `workerUrl`. */
  readonly program: URL;
  readonly args: readonly string[];
  /** A helper of any other version is ended, and one of this version takes its place. */
  readonly version: string;
  /** The file by whose lock the helper is found. */
  readonly lock: string;
}

const { SIGTERM, SIGKILL } = constants.signals;
// From the request to end to the kill, and to giving up on a process that not even a kill ends.
const graceMs = 500;
const patienceMs = 2000;

/**
 * Sees to it that the helper runs, and starts it when it does not: in a session of its own, with nothing of ours open but
 * its lock. Returns false where none can be started or the one of another version does not end: what there is to do is then
 * left to the next command. What the helper is to find must be in place before.
 */
export async function keepHelper(helper: Helper, options: AbortOptions = {}): Promise<boolean> {
  try {
    for (let waited = 0, pauseMs = 1; waited < patienceMs; pauseMs = Math.min(pauseMs * 2, 50)) {
      const fd = takeHelperLock(helper.lock);
      if (fd !== undefined) return start(helper, fd);
      const holder = readHolder(helper.lock);
      // One that was just killed holds the lock until the last of its threads is gone.
      const isDying = holder?.process !== undefined && !isAlive(holder.process);
      if (holder?.version === helper.version && !isDying) return true;
      if (holder?.process !== undefined) signalProcess(holder.process, waited < graceMs ? SIGTERM : SIGKILL);
      await pause(pauseMs, options);
      waited += pauseMs;
    }
    return false;
  } catch (error) {
    // A disk that is full or read-only, no process or memory to be had, a helper of another user.
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** Whoever kills us leaves the lock free before the program is there, and in its hands from then on. */
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
      // Some refusals of the kernel come as an event, others are thrown.
      child.on('error', () => undefined);
      child.unref();
      isStarted = child.pid !== undefined;
    },
    () => (isStarted ? closeSync(fd) : dropHelperLock(lock, fd)),
  );
  return isStarted;
}
