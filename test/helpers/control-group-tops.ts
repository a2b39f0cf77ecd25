import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMountInfo } from '../../src/sys/mountinfo.ts';

/** Returns the top folders of the control group hierarchies that `wanted` accepts. */
export const hierarchies = (wanted: (type: string, options: string) => boolean): string[] =>
  readMountInfo()
    .filter(({ type, superOptions }) => wanted(type, superOptions))
    .map(({ mountPoint }) => Buffer.from(mountPoint).toString());

const counting = (top: string): boolean =>
  / pids\b/.test(` ${readFileSync(join(top, 'cgroup.subtree_control'), 'utf8')}`);

/** Top folder of the hierarchy that has the pids controller; undefined on a machine without it. */
export const pidsTop: string | undefined = [
  ...hierarchies((type, options) => type === 'cgroup' && /\bpids\b/.test(options)),
  ...hierarchies((type) => type === 'cgroup2').filter(counting),
][0];
