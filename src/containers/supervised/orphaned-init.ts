import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { ifThere } from '../../sys/if-there.ts';
import { identify, isAsleep, signalProcess } from '../../sys/process-identity.ts';
import { type Bundle, readPid } from '../runtime/bundle.ts';

const lookEveryMs = 100;
// A runtime writes the number of the container's process last. Once it is written, a message of conmon is on its way or
// has long arrived.
const looksWithNumber = 30;

/**
 * Until disposal, kills the first process of a container whose runtime was killed during its creation. conmon (2.1.6)
 * reads the runtime's stderr to its end before it reports, and that process, which waits for a `start` that never
 * comes, holds the other end of the pipe.
 */
export function endOrphanedInit({ supervisorPid, pid }: Bundle): Disposable {
  let [seen, looks]: [number | undefined, number] = [undefined, 0];
  const timer = setInterval(() => {
    const supervisor = readPid(supervisorPid);
    const init = supervisor === undefined ? undefined : onlyInitOf(supervisor);
    looks = init !== undefined && init === seen ? looks + 1 : 1;
    seen = init;
    // Read after the children: the runtime has ended by then.
    if (init === undefined || (looks < looksWithNumber && readPid(pid) !== undefined)) return;
    const process = identify(init);
    if (process !== undefined) signalProcess(process, constants.signals.SIGKILL);
  }, lookEveryMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Returns the supervisor's only child, when it is a `runc init` that the runtime has left. */
function onlyInitOf(supervisor: number): number | undefined {
  const identity = identify(supervisor);
  // A supervisor that is not asleep is working, however slowly: its message is on its way.
  if (identity === undefined || !isAsleep(identity)) return undefined;
  const children = read(`/proc/${supervisor}/task/${supervisor}/children`).split(' ').filter(Boolean).map(Number);
  const [child] = children;
  if (child === undefined || children.length > 1) return undefined;
  return read(`/proc/${child}/cmdline`).split('\0')[1] === 'init' ? child : undefined;
}

function read(path: string): string {
  return ifThere(() => readFileSync(path, 'latin1'), ['ESRCH']) ?? '';
}
