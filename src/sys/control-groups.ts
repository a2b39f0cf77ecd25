import { readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from './errno.ts';
import { ifThere } from './if-there.ts';
import { readMountInfo } from './mountinfo.ts';

// A killed process leaves its group once the kernel has torn it down; hundreds on a busy machine take a while.
const patienceMs = 30_000;

/**
 * Removes a control group in every hierarchy, with the groups below it, and kills their processes. `path` is relative to the
 * root of the hierarchies, such as `/strata/<id>`. Idempotent. Gives up on processes that do not end within half a minute.
 */
export async function removeControlGroup(path: string): Promise<void> {
  const groups = groupsAt(path);
  for (let waited = 0; waited < patienceMs; waited += 10) {
    // `map` first: every group is tried, even if an earlier one still exists.
    if (groups.map(tryRemove).every(Boolean)) return;
    await sleep(10);
  }
}

/** Returns the pids in a control group and the groups below it, in all hierarchies. */
export function processesInControlGroup(path: string): number[] {
  const below = (group: string): number[] => [
    ...processesIn(group),
    ...(childrenOf(group) ?? []).flatMap((name) => below(join(group, name))),
  ];
  return [...new Set(groupsAt(path).flatMap(below))];
}

/** True when the processes in a control group are frozen, by any program; false when there is no such group. */
export const isFrozen = (path: string): boolean =>
  groupsAt(path).some((group) => {
    const [old, unified] = ['freezer.state', 'cgroup.freeze'].map((name) => readIfThere(join(group, name)));
    return old?.startsWith('F') === true || unified?.startsWith('1') === true;
  });

function groupsAt(path: string): string[] {
  const mounts = readMountInfo().filter(({ type }) => type === 'cgroup' || type === 'cgroup2');
  return mounts.map(({ mountPoint }) => join(Buffer.from(mountPoint).toString('utf8'), path));
}

/** Kills the processes of a group, and returns true once it and the groups below it are removed. */
function tryRemove(group: string): boolean {
  const names = childrenOf(group);
  if (names === undefined) return true;
  const below = names.map((name) => tryRemove(join(group, name)));
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
    // A threaded group lists its threads only. runc creates such groups where the topmost visible group has processes, as in a
    // container: groups with memory limits cannot be below it, but threaded ones can.
    return numbersIn(join(group, 'cgroup.threads')).flatMap(processOf);
  }
}

function numbersIn(list: string): number[] {
  // 0 is a process of another pid namespace.
  return readIfThere(list)
    .split('\n')
    .map(Number)
    .filter((number) => number > 0);
}

function processOf(thread: number): number[] {
  const [, process] = /^Tgid:\t(\d+)$/m.exec(readIfThere(`/proc/${thread}/status`)) ?? [];
  return process === undefined ? [] : [Number(process)];
}

/** Reads a file; returns an empty text when it does not exist or is being removed. */
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
