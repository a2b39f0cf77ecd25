import { isOverlayPrivate } from '../../../layer/overlay-form.ts';
import { AT_FDCWD } from '../../../sys/constants.ts';
import { closeFd, openAt } from '../../../sys/fs-at.ts';
import { copyAttributesFd } from '../../copy-attributes.ts';
import { directoryFlags } from '../../directory-stack.ts';

/**
 * Gives a new layer's root directory the attributes of its parent's, because overlayfs shows the uppermost root only.
 * Every layer's root was made so or got its own values, so the parent's own one is that of the whole chain.
 */
export function inheritRoot(parent: string, own: string): void {
  const parentFd = openAt(AT_FDCWD, parent, directoryFlags);
  try {
    const ownFd = openAt(AT_FDCWD, own, directoryFlags);
    try {
      // Marks of the kernel (opaque, origin, impure) are about the directory they are on.
      copyAttributesFd(parentFd, ownFd, { keep: (xattr) => !isOverlayPrivate(xattr) });
    } finally {
      closeFd(ownFd);
    }
  } finally {
    closeFd(parentFd);
  }
}
