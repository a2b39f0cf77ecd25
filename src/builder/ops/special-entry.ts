import { chmodAt, chownAt, utimensAt } from '../../sys/file-attributes.ts';
import { mknodAt, readlinkAt, symlinkAt } from '../../sys/fs-at.ts';
import type { ContextEntry } from '../context/build-context.ts';
import { refuseSpecial } from '../context/content-digest.ts';
import { contextChanged, stillThere } from '../context/context-changed.ts';
import type { CopiedAs } from './file-copier.ts';
import type { TreeTarget } from './tree-target.ts';

/**
 * Copies what is neither file nor folder; a socket is left out. Throws ERR_CONTEXT_SPECIAL_FILE, ERR_CONTEXT_CHANGED,
 * ERR_COPY_DESTINATION.
 */
export function addSpecial(target: TreeTarget, path: Uint8Array, entry: ContextEntry, as: CopiedAs): void {
  const { uid, gid } = as.owner ?? entry.stat;
  const { type, mtime, permissions } = entry.stat;
  switch (type) {
    case 'symlink': {
      const to = stillThere(entry.path, () => readlinkAt(entry.dirFd, entry.name));
      return target.create(path, 'symlink', ({ fd, name }) => {
        symlinkAt(to, fd, name);
        chownAt(fd, name, uid, gid);
        utimensAt(fd, name, mtime, mtime);
      });
    }
    case 'fifo':
      return target.create(path, 'fifo', ({ fd, name }) => {
        mknodAt(fd, name, 'fifo', 0o600);
        chownAt(fd, name, uid, gid);
        chmodAt(fd, name, as.chmod ? as.chmod(permissions, false) : permissions);
        utimensAt(fd, name, mtime, mtime);
      });
    case 'socket':
      return;
    case 'file':
    case 'directory':
      // It was something else a moment ago.
      throw contextChanged(entry.path);
    case 'block-device':
    case 'character-device': {
      const { nodeMajor, nodeMinor } = entry.stat;
      return target.create(path, type, ({ fd, name }) => {
        mknodAt(fd, name, type, 0o600, nodeMajor, nodeMinor);
        chownAt(fd, name, uid, gid);
        chmodAt(fd, name, as.chmod ? as.chmod(permissions, false) : permissions);
        utimensAt(fd, name, mtime, mtime);
      });
    }
    case 'unknown':
      throw refuseSpecial(entry);
  }
}
