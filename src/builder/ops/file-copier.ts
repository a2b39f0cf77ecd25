import type { ChmodChange } from '../../dockerfile/chmod.ts';
import { chmodFd, chownFd, utimensFd } from '../../sys/file-attributes.ts';
import type { FileData } from '../../sys/file-data.ts';
import { type FileStat, statFd } from '../../sys/stat.ts';
import { getXattrFd, listXattrsFd, setXattrFd } from '../../sys/xattr.ts';
import { isCopiedXattr } from '../context/is-copied-xattr.ts';
import type { Owner } from './owner.ts';

export interface CopyAttributes {
  /** Undefined keeps the owner of each file. */
  readonly owner: Owner | undefined;
  readonly chmod: ChmodChange | undefined;
}

/** Copies files for COPY: content, owner, xattrs, mode and time. */
export class FileCopier {
  readonly #attributes: CopyAttributes;
  readonly #data: FileData;

  constructor(attributes: CopyAttributes, data: FileData) {
    this.#attributes = attributes;
    this.#data = data;
  }

  /** Returns the permission bits for the copy of a file. */
  modeOf({ permissions }: FileStat): number {
    return this.#attributes.chmod ? this.#attributes.chmod(permissions, false) : permissions;
  }

  /**
   * Copies `from` to `to`, which is new and empty; `stat` is of `from` now. The copy of a file that is being written to
   * may be inconsistent.
   */
  copy(from: number, to: number, stat: FileStat): void {
    this.#data.copy(from, to, stat);
    const { uid, gid } = this.#attributes.owner ?? stat;
    // A stat costs less than a change, and a new file mostly needs none.
    const created = statFd(to);
    // A change of the owner clears capabilities and setuid bits, so it comes first.
    if (created.uid !== uid || created.gid !== gid) chownFd(to, uid, gid);
    for (const attribute of listXattrsFd(from).filter(isCopiedXattr)) {
      const value = getXattrFd(from, attribute);
      if (value !== undefined) setXattrFd(to, attribute, value);
    }
    const mode = this.modeOf(stat);
    if (created.permissions !== mode) chmodFd(to, mode);
    utimensFd(to, stat.mtime, stat.mtime);
  }
}
