import { AT_FDCWD, O_PATH } from '../../src/sys/constants.ts';
import { closeFd, openAt } from '../../src/sys/fs-at.ts';
import { mount } from '../../src/sys/mount.ts';
import { MOUNT_ATTR_RDONLY, setMountAttributes } from '../../src/sys/mount-fd.ts';
import { unshareMounts } from '../../src/sys/unshare.ts';

/**
 * Makes the whole machine read-only for this process and its children, except an empty tmpfs that becomes the temporary
 * folder. For tests of escapes, which run as root: an escape must fail the test, not damage the host. Without root
 * there is nothing to protect, and it does nothing.
 */
export function makeHostReadOnly(): void {
  if (process.geteuid?.() !== 0) return;
  unshareMounts();
  const root = openAt(AT_FDCWD, '/', O_PATH);
  setMountAttributes(root, { set: MOUNT_ATTR_RDONLY, recursive: true });
  closeFd(root);
  // This directory always exists, needs no cleaning up, and holds no checkout.
  mount({ source: 'strata-test', target: '/dev/shm', type: 'tmpfs' });
  process.env['TMPDIR'] = '/dev/shm';
}
