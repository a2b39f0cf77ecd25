import { type Bundle, readPid } from '../../../containers/runtime/bundle.ts';
import { identify, isAsleep, type ProcessIdentity } from '../../../sys/process-identity.ts';
import { isLocked } from './file-lock.ts';
import { patience, within } from './within.ts';

/** The supervisor holds its lock to its end: with that free the number in its file is nobody's, or somebody else's. */
export function supervisorOf({ lock, supervisorPid }: Bundle): ProcessIdentity | undefined {
  const pid = isLocked(lock) ? readPid(supervisorPid) : undefined;
  return pid === undefined ? undefined : identify(pid);
}

/** Waits until `isSo`; false when the supervisor waits for somebody who does not come. */
export async function unlessStuck(supervisor: ProcessIdentity, isSo: () => boolean): Promise<boolean> {
  let sleptMs = 0;
  await within(patience.longestMs, (pausedMs) => {
    if (isAsleep(supervisor)) sleptMs += pausedMs;
    return isSo() || sleptMs >= patience.asleepMs;
  });
  return isSo();
}
