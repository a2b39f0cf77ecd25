/**
 * What of a context's xattrs a COPY takes along. `security.selinux` and the like belong to the machine, and
 * `user.overlay.` would be orders to a rootless overlay.
 */
export const isCopiedXattr = (name: string): boolean =>
  name === 'security.capability' || (name.startsWith('user.') && !name.startsWith('user.overlay.'));
