import { isOverlayPrivate } from '../../../layer/overlay-form.ts';
import { AT_FDCWD } from '../../../sys/constants.ts';
import { closeFd, openAt } from '../../../sys/fs-at.ts';
import { copyAttributesFd } from '../../copy-attributes.ts';
import { directoryFlags } from '../../directory-stack.ts';

/**
 * Copies the attributes of the parent's root directory to a new layer's root, because overlayfs shows only the
 * uppermost root. Every layer's root was created this way or has its own values, so the parent's own root stands for
 * the whole chain.
 */
export function inheritRoot(parent: string, own: string): void {
  const parentFd = openAt(AT_FDCWD, parent, directoryFlags);
  try {
    const ownFd = openAt(AT_FDCWD, own, directoryFlags);
    try {
      // Marks of the kernel (opaque, origin, impure) concern only the directory that has them.
      copyAttributesFd(parentFd, ownFd, { keep: (xattr) => !isOverlayPrivate(xattr) });
    } finally {
      closeFd(ownFd);
    }
  } finally {
    closeFd(parentFd);
  }
}
