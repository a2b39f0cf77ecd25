import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from './errno.ts';
import { type MountInfo, readMountInfo } from './mountinfo.ts';

/**
 * Moves this process into a top-level control group, in each hierarchy through which other programs kill all processes of a
 * login or a job: the unified one, a service manager's own, and the freezer's. Hierarchies of version 1 that only limit are not
 * touched. Where control groups are not writable, the process stays in its group.
 */
export function enterControlGroup(name: string): void {
  for (const group of readMountInfo()
    .filter(endsProcesses)
    .map(({ mountPoint }) => pathBelow(mountPoint, name))) {
    try {
      makeGroup(group);
      // 0 means the writing process.
      writeFileSync(join(group, 'cgroup.procs'), '0');
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
  }
}

const endsProcesses = ({ type, superOptions }: MountInfo): boolean =>
  type === 'cgroup2' || (type === 'cgroup' && /(?:^|,)(?:name=|freezer(?:,|$))/.test(superOptions));

const pathBelow = (mountPoint: Uint8Array, name: string): string => join(Buffer.from(mountPoint).toString(), name);

function makeGroup(group: string): void {
  try {
    mkdirSync(group);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
