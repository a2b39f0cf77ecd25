import { chmodFd, chownFd, utimensFd } from '../sys/file-attributes.ts';
import { statFd } from '../sys/stat.ts';
import { getXattrFd, listXattrsFd, setXattrFd } from '../sys/xattr.ts';

/**
 * Gives `toFd` the owner, mode, xattrs and times of `fromFd`; both are open on a file or directory, not O_PATH. An xattr
 * that `keep` refuses stays behind.
 */
export function copyAttributesFd(fromFd: number, toFd: number, keep: (xattr: string) => boolean = () => true): void {
  const stat = statFd(fromFd);
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
