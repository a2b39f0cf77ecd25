import { listFd } from '../../sys/list-at.ts';
import { OpenDirectories } from '../open-directories.ts';
import { isOpaque, opaqueAttribute } from '../overlay-form.ts';
import { isUsualRoot } from './is-usual-root.ts';

/** Returns true when an overlay layer's own directory changes nothing in the one below; inspects only its root. */
export function isUnchanged(upperDir: string, lowerDir: string): boolean {
  using upper = new OpenDirectories(upperDir);
  if (listFd(upper.rootFd).length > 0 || isOpaque(upper.rootFd, opaqueAttribute(false))) return false;
  using lower = new OpenDirectories(lowerDir);
  return isUsualRoot(upper, lower);
}
