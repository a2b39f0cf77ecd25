import { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } from '../sys/constants.ts';
import { copyFileData } from '../sys/copy.ts';
import { chmodAt, chownAt, utimensAt } from '../sys/file-attributes.ts';
import { closeFd, mknodAt, openAt, readlinkAt, symlinkAt } from '../sys/fs-at.ts';
import { getXattrAt, listXattrsAt, setXattrAt } from '../sys/xattr.ts';
import { isOverlayPrivate } from './overlay-form.ts';
import type { ShownNode } from './overlay-view.ts';

/**
 * Copies a node of a layer below, anything but a directory, to a free name in a directory of the layer above, as
 * overlayfs does before a change: content, holes, owner, mode, attributes and times.
 */
export function copyUp(shown: ShownNode, directoryFd: number, name: Uint8Array): void {
  const { stat, layerFd, path } = shown;
  if (stat.type === 'file') copyContent(shown, directoryFd, name);
  else if (stat.type === 'symlink') symlinkAt(readlinkAt(layerFd, path), directoryFd, name);
  else if (stat.type !== 'directory' && stat.type !== 'unknown') {
    mknodAt(directoryFd, name, stat.type, 0, stat.nodeMajor, stat.nodeMinor);
  }
  chownAt(directoryFd, name, stat.uid, stat.gid);
  if (stat.type !== 'symlink') chmodAt(directoryFd, name, stat.permissions);
  for (const attribute of listXattrsAt(layerFd, path)) {
    const value = isOverlayPrivate(attribute) ? undefined : getXattrAt(layerFd, path, attribute);
    if (value) setXattrAt(directoryFd, name, attribute, value);
  }
  utimensAt(directoryFd, name, stat.atime, stat.mtime);
}

function copyContent({ layerFd, path }: ShownNode, directoryFd: number, name: Uint8Array): void {
  const from = openAt(layerFd, path, O_RDONLY | O_NOFOLLOW);
  try {
    const to = openAt(directoryFd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      copyFileData(from, to);
    } finally {
      closeFd(to);
    }
  } finally {
    closeFd(from);
  }
}
