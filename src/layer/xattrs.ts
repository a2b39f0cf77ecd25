import { errnoOf } from '../sys/errno.ts';
import { getXattrAt, getXattrFd, listXattrsAt, listXattrsFd } from '../sys/xattr.ts';

/** Attribute names as latin1 text, values as bytes. */
export type Xattrs = ReadonlyMap<string, Uint8Array>;

export const noXattrs: Xattrs = new Map();

const overlayPrivate = /^(?:trusted|user)\.overlay\./;

/** Steers overlayfs: a layer may not bring it along (umoci#572), nor does one get it from us. */
export const isOverlayPrivate = (name: string): boolean => overlayPrivate.test(name);

/** Labels of this host's security module (SELinux, Smack, IMA, EVM) say nothing about an image, capabilities do. */
const isHostLabel = (name: string): boolean => name.startsWith('security.') && name !== 'security.capability';

/** Whether an attribute goes from an archive onto a file. */
export const isApplied = (name: string): boolean => !isOverlayPrivate(name) && !isHostLabel(name);

/** Whether an attribute of a file goes into an archive: not what the filesystem makes up either, such as `system.nfs4_acl`. */
export const isArchived = (name: string): boolean =>
  isApplied(name) && (!name.startsWith('system.') || name.startsWith('system.posix_acl_'));

/** The attribute that makes a directory of an overlay layer hide what is below it. */
export const opaqueAttribute = (rootless: boolean): string =>
  rootless ? 'user.overlay.opaque' : 'trusted.overlay.opaque';

/** Attributes of an open file for which `wanted` is true, by name. */
export function readXattrs(fd: number, wanted: (name: string) => boolean): Xattrs {
  const names = listXattrsFd(fd);
  if (names.length === 0) return noXattrs;
  const xattrs = new Map<string, Uint8Array>();
  for (const name of names.filter(wanted).sort()) {
    const value = getXattrFd(fd, name);
    if (value !== undefined) xattrs.set(name, value);
  }
  return xattrs;
}

/** Those for which `wanted` is true, in the order of {@link readXattrs}. */
export const chosen = (xattrs: Xattrs, wanted: (name: string) => boolean): Xattrs =>
  xattrs.size === 0 ? noXattrs : new Map([...xattrs].filter(([name]) => wanted(name)));

/** Attributes of a name in an open directory, a symlink's own; see {@link readXattrs}. */
export function readXattrsAt(directoryFd: number, name: Uint8Array, wanted: (name: string) => boolean): Xattrs {
  const names = listXattrsAt(directoryFd, name);
  if (names.length === 0) return noXattrs;
  const xattrs = new Map<string, Uint8Array>();
  for (const attribute of names.filter(wanted).sort()) {
    const value = getXattrAt(directoryFd, name, attribute);
    if (value !== undefined) xattrs.set(attribute, value);
  }
  return xattrs;
}

/** Whether an open directory hides what is below it. */
export function isOpaque(fd: number, attribute: string): boolean {
  try {
    return getXattrFd(fd, attribute)?.[0] === 0x79;
  } catch (error) {
    if (errnoOf(error) === 'EOPNOTSUPP') return false;
    throw error;
  }
}
