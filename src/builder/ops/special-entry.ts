import { chmodAt, chownAt, utimensAt } from '../../sys/file-attributes.ts';
import { mknodAt, readlinkAt, symlinkAt } from '../../sys/fs-at.ts';
import type { ContextEntry } from '../context/build-context.ts';
import { contextChangedError, expectUnchanged } from '../context/context-changed.ts';
import { specialFileError } from '../context/read-content.ts';
import type { CopyAttributes } from './file-copier.ts';
import type { TreeTarget } from './tree-target.ts';

/**
 * Copies an entry that is neither file nor folder; a socket is left out. Throws ERR_CONTEXT_SPECIAL_FILE,
 * ERR_CONTEXT_CHANGED, ERR_COPY_DESTINATION.
 */
export function copySpecialEntry(
  target: TreeTarget,
  path: Uint8Array,
  entry: ContextEntry,
  attributes: CopyAttributes,
): void {
  const { uid, gid } = attributes.owner ?? entry.stat;
  const { type, mtime, permissions } = entry.stat;
  switch (type) {
    case 'symlink': {
      const to = expectUnchanged(entry.path, () => readlinkAt(entry.dirFd, entry.name));
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
        chmodAt(fd, name, attributes.chmod ? attributes.chmod(permissions, false) : permissions);
        utimensAt(fd, name, mtime, mtime);
      });
    case 'socket':
      return;
    case 'file':
    case 'directory':
      // The entry had another type when it was listed.
      throw contextChangedError(entry.path);
    case 'block-device':
    case 'character-device': {
      const { nodeMajor, nodeMinor } = entry.stat;
      return target.create(path, type, ({ fd, name }) => {
        mknodAt(fd, name, type, 0o600, nodeMajor, nodeMinor);
        chownAt(fd, name, uid, gid);
        chmodAt(fd, name, attributes.chmod ? attributes.chmod(permissions, false) : permissions);
        utimensAt(fd, name, mtime, mtime);
      });
    }
    case 'unknown':
      throw specialFileError(entry);
  }
}
