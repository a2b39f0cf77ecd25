import type { ChmodChange } from '../../dockerfile/chmod.ts';
import { chmodFd, chownFd, utimensFd } from '../../sys/file-attributes.ts';
import type { FileData } from '../../sys/file-data.ts';
import { type FileStat, statFd } from '../../sys/stat.ts';
import { getXattrFd, listXattrsFd, setXattrFd } from '../../sys/xattr.ts';
import { isCopiedXattr } from '../context/copied-xattrs.ts';
import type { Owner } from './owner.ts';

export interface CopiedAs {
  /** Undefined leaves everything to its own. */
  readonly owner: Owner | undefined;
  readonly chmod: ChmodChange | undefined;
}

/** Makes copies of files as COPY wants them: content, owner, xattrs, mode and time. */
export class FileCopier {
  readonly #as: CopiedAs;
  readonly #data: FileData;

  constructor(as: CopiedAs, data: FileData) {
    this.#as = as;
    this.#data = data;
  }

  /** Permission bits for the copy of a file. */
  modeOf({ permissions }: FileStat): number {
    return this.#as.chmod ? this.#as.chmod(permissions, false) : permissions;
  }

  /** `to` is new and empty, `stat` is what `from` is now. A file that is being written to may come over torn. */
  copy(from: number, to: number, stat: FileStat): void {
    this.#data.copy(from, to, stat);
    const { uid, gid } = this.#as.owner ?? stat;
    // A look costs less than a change, and a new file mostly is as it should be.
    const made = statFd(to);
    // A new owner takes capabilities and setuid bits away, so it comes first.
    if (made.uid !== uid || made.gid !== gid) chownFd(to, uid, gid);
    for (const attribute of listXattrsFd(from).filter(isCopiedXattr)) {
      const value = getXattrFd(from, attribute);
      if (value !== undefined) setXattrFd(to, attribute, value);
    }
    const mode = this.modeOf(stat);
    if (made.permissions !== mode) chmodFd(to, mode);
    utimensFd(to, stat.mtime, stat.mtime);
  }
}
