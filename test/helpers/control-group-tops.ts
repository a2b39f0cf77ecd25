import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMountInfo } from '../../src/sys/mountinfo.ts';

/** Top folders of the hierarchies of control groups that `wanted` accepts. */
export const hierarchies = (wanted: (type: string, options: string) => boolean): string[] =>
  readMountInfo()
    .filter(({ type, superOptions }) => wanted(type, superOptions))
    .map(({ mountPoint }) => Buffer.from(mountPoint).toString());

const counting = (top: string): boolean =>
  / pids\b/.test(` ${readFileSync(join(top, 'cgroup.subtree_control'), 'utf8')}`);

/** The top of the hierarchy in which groups limit the number of their processes; undefined where none does. */
export const pidsTop: string | undefined = [
  ...hierarchies((type, options) => type === 'cgroup' && /\bpids\b/.test(options)),
  ...hierarchies((type) => type === 'cgroup2').filter(counting),
][0];
