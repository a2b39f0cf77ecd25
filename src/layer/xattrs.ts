import { getXattrAt, getXattrFd, listXattrsAt, listXattrsFd } from '../sys/xattr.ts';
import { isOverlayPrivate } from './overlay-form.ts';

/** Attribute names as latin1 text, values as bytes. */
export type Xattrs = ReadonlyMap<string, Uint8Array>;

export const noXattrs: Xattrs = new Map();

/** Returns true for a label of this host's security module (SELinux, Smack, IMA, EVM). Capabilities belong to the image. */
const isHostLabel = (name: string): boolean => name.startsWith('security.') && name !== 'security.capability';

/** Returns true for an attribute that is set on a file when an archive has it. */
export const isApplied = (name: string): boolean => !isOverlayPrivate(name) && !isHostLabel(name);

/** Returns true for an attribute that is archived: none that the filesystem generates, such as `system.nfs4_acl`. */
export const isArchived = (name: string): boolean =>
  isApplied(name) && (!name.startsWith('system.') || name.startsWith('system.posix_acl_'));

/** Returns the attributes of an open file for which `wanted` is true, by name. */
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

/** Returns the attributes for which `wanted` is true, in the order of {@link readXattrs}. */
export const filterXattrs = (xattrs: Xattrs, wanted: (name: string) => boolean): Xattrs =>
  xattrs.size === 0 ? noXattrs : new Map([...xattrs].filter(([name]) => wanted(name)));

/** Does {@link readXattrs} for a name in an open directory; of a symlink it reads the symlink's own attributes. */
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
