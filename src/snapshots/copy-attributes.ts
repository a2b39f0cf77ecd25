import { chmodFd, chownFd, utimensFd } from '../sys/file-attributes.ts';
import { type FileStat, statFd } from '../sys/stat.ts';
import { getXattrFd, listXattrsFd, setXattrFd } from '../sys/xattr.ts';

export interface CopyAttributesOptions {
  /** Returns false for an xattr that is not copied. */
  readonly keep?: (xattr: string) => boolean;
  /** Attributes of `fromFd`, where they are known. */
  readonly stat?: FileStat;
}

/** Copies owner, mode, xattrs and times of `fromFd` to `toFd`; both are open on a file or directory, not O_PATH. */
export function copyAttributesFd(fromFd: number, toFd: number, options: CopyAttributesOptions = {}): void {
  const { keep = () => true, stat = statFd(fromFd) } = options;
  // The owner comes first: a change of owner clears setuid bits and file capabilities.
  chownFd(toFd, stat.uid, stat.gid);
  for (const name of listXattrsFd(fromFd)) {
    if (!keep(name)) continue;
    const value = getXattrFd(fromFd, name);
    if (value !== undefined) setXattrFd(toFd, name, value);
  }
  chmodFd(toFd, stat.permissions);
  utimensFd(toFd, stat.atime, stat.mtime);
}
