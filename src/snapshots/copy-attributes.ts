import { chmodFd, chownFd, utimensFd } from '../sys/file-attributes.ts';
import { type FileStat, statFd } from '../sys/stat.ts';
import { getXattrFd, listXattrsFd, setXattrFd } from '../sys/xattr.ts';

export interface CopyAttributesOptions {
  /** An xattr that it refuses stays behind. */
  readonly keep?: (xattr: string) => boolean;
  /** What `fromFd` is, where that is known. */
  readonly stat?: FileStat;
}

/** Gives `toFd` the owner, mode, xattrs and times of `fromFd`; both are open on a file or directory, not O_PATH. */
export function copyAttributesFd(fromFd: number, toFd: number, options: CopyAttributesOptions = {}): void {
  const { keep = () => true, stat = statFd(fromFd) } = options;
  // In this order: a change of owner clears setuid bits and file capabilities.
  chownFd(toFd, stat.uid, stat.gid);
  for (const name of listXattrsFd(fromFd)) {
    if (!keep(name)) continue;
    const value = getXattrFd(fromFd, name);
    if (value !== undefined) setXattrFd(toFd, name, value);
  }
  chmodFd(toFd, stat.permissions);
  utimensFd(toFd, stat.atime, stat.mtime);
}
