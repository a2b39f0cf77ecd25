/**
 * True for an xattr of the context that a COPY copies. `security.selinux` and the like belong to the machine, and
 * `user.overlay.` would control a rootless overlay.
 */
export const isCopiedXattr = (name: string): boolean =>
  name === 'security.capability' || (name.startsWith('user.') && !name.startsWith('user.overlay.'));
