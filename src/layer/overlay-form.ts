// Marks by which an overlayfs layer deletes: https://docs.kernel.org/filesystems/overlayfs.html.
import { errnoOf } from '../sys/errno.ts';
import { mknodAt } from '../sys/fs-at.ts';
import type { Name } from '../sys/scratch.ts';
import type { FileStat } from '../sys/stat.ts';
import { getXattrFd, setXattrFd } from '../sys/xattr.ts';

/** Returns true for a file that hides the name it has in the layers below. */
export const isWhiteout = (stat: FileStat): boolean =>
  stat.type === 'character-device' && stat.nodeMajor === 0 && stat.nodeMinor === 0;

/** Hides a name of the layers below by a character device 0:0 of mode 0, in an open directory that does not have the name. */
export const makeWhiteout = (directoryFd: number, name: Name): void =>
  mknodAt(directoryFd, name, 'character-device', 0);

/** Returns the attribute that makes a directory of an overlay layer hide the content of the directory below. */
export const opaqueAttribute = (rootless: boolean): string =>
  rootless ? 'user.overlay.opaque' : 'trusted.overlay.opaque';

const opaqueValue = new Uint8Array([0x79]);

/** Makes an open directory hide the content of the directory below. */
export const makeOpaque = (fd: number, attribute: string): void => setXattrFd(fd, attribute, opaqueValue);

/** Returns true for an open directory that hides the content of the directory below. */
export function isOpaque(fd: number, attribute: string): boolean {
  try {
    return getXattrFd(fd, attribute)?.[0] === opaqueValue[0];
  } catch (error) {
    if (errnoOf(error) === 'EOPNOTSUPP') return false;
    throw error;
  }
}

const overlayPrivate = /^(?:trusted|user)\.overlay\./;

/** Returns true for an attribute that controls overlayfs: neither applied from a layer (umoci#572) nor archived. */
export const isOverlayPrivate = (name: string): boolean => overlayPrivate.test(name);

// These attributes say that the content of a file or directory is elsewhere.
const indirections = new Set(
  ['metacopy', 'redirect', 'whiteout'].flatMap((name) => [`trusted.overlay.${name}`, `user.overlay.${name}`]),
);

/** Returns true for an attribute only overlayfs can resolve. With our mount options overlayfs does not set any. */
export const isIndirection = (name: string): boolean => indirections.has(name);
