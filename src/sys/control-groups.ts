import { readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from './errno.ts';
import { ifThere } from './if-there.ts';
import { readMountInfo } from './mountinfo.ts';

// A killed process leaves its group when the kernel has taken it apart; hundreds on a busy machine take a while.
const patienceMs = 30_000;

/**
 * Takes a control group away in every hierarchy, with those below it, and kills what is in them. `path` is from the root
 * of the hierarchies, such as `/strata/<id>`. Idempotent; what does not end within half a minute is left.
 */
export async function removeControlGroup(path: string): Promise<void> {
  const groups = groupsAt(path);
  for (let waited = 0; waited < patienceMs; waited += 10) {
    // Each is looked at, also when one before it is not gone yet.
    if (groups.map(isRemoved).every(Boolean)) return;
    await sleep(10);
  }
}

/** Numbers of the processes in a control group and those below it, in whichever hierarchy. */
export function processesInControlGroup(path: string): number[] {
  const below = (group: string): number[] => [
    ...processesIn(group),
    ...(childrenOf(group) ?? []).flatMap((name) => below(join(group, name))),
  ];
  return [...new Set(groupsAt(path).flatMap(below))];
}

/** The processes in a control group stand still, whoever had them stopped; false when there is no such group. */
export const isFrozen = (path: string): boolean =>
  groupsAt(path).some((group) => {
    const [old, unified] = ['freezer.state', 'cgroup.freeze'].map((name) => readIfThere(join(group, name)));
    return old?.startsWith('F') === true || unified?.startsWith('1') === true;
  });

function groupsAt(path: string): string[] {
  const mounts = readMountInfo().filter(({ type }) => type === 'cgroup' || type === 'cgroup2');
  return mounts.map(({ mountPoint }) => join(Buffer.from(mountPoint).toString('utf8'), path));
}

function isRemoved(group: string): boolean {
  const names = childrenOf(group);
  if (names === undefined) return true;
  const below = names.map((name) => isRemoved(join(group, name)));
  if (!below.every(Boolean)) return false;
  for (const pid of processesIn(group)) kill(pid);
  try {
    rmdirSync(group);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EBUSY') return false;
    if (errnoOf(error) === 'ENOENT') return true;
    throw error;
  }
}

function childrenOf(group: string): string[] | undefined {
  return ifThere(() =>
    readdirSync(group, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])),
  );
}

function processesIn(group: string): number[] {
  try {
    return numbersIn(join(group, 'cgroup.procs'));
  } catch (error) {
    if (errnoOf(error) !== 'EOPNOTSUPP') throw error;
    // A threaded group lists its threads only. runc makes such groups where processes are in the topmost group there is to
    // see, as in a container: none with limits of memory can be below it, but those of threads can.
    return numbersIn(join(group, 'cgroup.threads')).flatMap(processOf);
  }
}

function numbersIn(list: string): number[] {
  // 0 stands for a process of another pid namespace.
  return readIfThere(list)
    .split('\n')
    .map(Number)
    .filter((number) => number > 0);
}

function processOf(thread: number): number[] {
  const [, process] = /^Tgid:\t(\d+)$/m.exec(readIfThere(`/proc/${thread}/status`)) ?? [];
  return process === undefined ? [] : [Number(process)];
}

/** Nothing when it is gone, or goes just now. */
function readIfThere(path: string): string {
  return ifThere(() => readFileSync(path, 'latin1'), ['ENODEV', 'ESRCH']) ?? '';
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}
