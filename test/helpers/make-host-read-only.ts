import { AT_FDCWD, O_PATH } from '../../src/sys/constants.ts';
import { closeFd, openAt } from '../../src/sys/fs-at.ts';
import { mount } from '../../src/sys/mount.ts';
import { MOUNT_ATTR_RDONLY, setMountAttributes } from '../../src/sys/mount-fd.ts';
import { unshareMounts } from '../../src/sys/unshare.ts';

/**
 * From here on this process, and what it starts, can write to nothing of the machine but an empty tmpfs, where the
 * temporary folder is then. For tests of escapes, which run as root: one that succeeds must fail the test, not the host.
 * Without root there is nothing to protect, and it does nothing.
 */
export function makeHostReadOnly(): void {
  if (process.geteuid?.() !== 0) return;
  unshareMounts();
  const root = openAt(AT_FDCWD, '/', O_PATH);
  setMountAttributes(root, { set: MOUNT_ATTR_RDONLY, recursive: true });
  closeFd(root);
  // A place that is always there, needs no cleaning up, and holds no checkout.
  mount({ source: 'strata-test', target: '/dev/shm', type: 'tmpfs' });
  process.env['TMPDIR'] = '/dev/shm';
}
