import { type Bundle, readPid } from '../../../containers/runtime/bundle.ts';
import { identify, isAsleep, type ProcessIdentity } from '../../../sys/process-identity.ts';
import { isLocked } from './is-locked.ts';
import { patience, waitWithin } from './wait-within.ts';

/** Finds the supervisor. It holds its lock to its end: if the lock is free, the pid in the file is stale or reused. */
export function supervisorOf({ lock, supervisorPid }: Bundle): ProcessIdentity | undefined {
  const pid = isLocked(lock) ? readPid(supervisorPid) : undefined;
  return pid === undefined ? undefined : identify(pid);
}

/** Waits until `isDone`. Returns false when the supervisor is stuck: asleep for too long, as behind a stopped client. */
export async function waitUnlessStuck(supervisor: ProcessIdentity, isDone: () => boolean): Promise<boolean> {
  let sleptMs = 0;
  await waitWithin(patience.longestMs, (pausedMs) => {
    if (isAsleep(supervisor)) sleptMs += pausedMs;
    return isDone() || sleptMs >= patience.asleepMs;
  });
  return isDone();
}
