import { readFileSync, realpathSync } from 'node:fs';

/** The filesystem a directory lies on, as mountinfo tells it, proc_pid_mountinfo(5). */
export interface Filesystem {
  /** Such as `ext4`, `nfs4`, `fuse.sshfs`. */
  readonly type: string;
  readonly mountPoint: string;
  /** Of the mount and of the filesystem: `ro`, `noexec`, `nodev`, … */
  readonly options: ReadonlySet<string>;
}

/** Undefined where /proc does not tell. */
export function filesystemOf(directory: string): Filesystem | undefined {
  return findFilesystem(realpathSync(directory), readFileSync('/proc/self/mountinfo', 'latin1'));
}

/** {@link filesystemOf} for a resolved path and the text of a mountinfo file. */
export function findFilesystem(path: string, mountinfo: string): Filesystem | undefined {
  let found: Filesystem | undefined;
  const bytes = Buffer.from(path).toString('latin1');
  for (const line of mountinfo.split('\n')) {
    const [fields = '', source = ''] = line.split(' - ', 2);
    const [, , , , escaped = '', mountOptions = ''] = fields.split(' ');
    const [type = '', , superOptions = ''] = source.split(' ');
    const mountPoint = escaped.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
    const covers = mountPoint === '/' || bytes === mountPoint || bytes.startsWith(`${mountPoint}/`);
    // Of two on the same place the later hides the earlier.
    if (type === '' || !covers || (found && mountPoint.length < found.mountPoint.length)) continue;
    found = { type, mountPoint, options: new Set([...mountOptions.split(','), ...superOptions.split(',')]) };
  }
  return found;
}
