import { isStrataError } from '../../errors/index.ts';
import { readUserDatabases } from '../../images/user-databases.ts';
import { type ProcessUser, resolveUser } from '../../oci-runtime/user.ts';
import type { RootedTree } from '../../sys/rooted-tree.ts';

export type Owner = Pick<ProcessUser, 'uid' | 'gid'>;

export const root: Owner = { uid: 0, gid: 0 };

/**
 * Resolves `user[:group]` in a tree by the rules of `--chown`; empty means root. `root` needs no entry in the image's
 * files, and a number without a group is a group too, unlike with USER. Throws ERR_USER_UNKNOWN, ERR_USER_INVALID.
 */
export function resolveOwner(text: string, tree: RootedTree): Owner {
  if (text === '') return root;
  const numbered = text
    .split(':')
    .map((part) => (part === 'root' ? '0' : part))
    .join(':');
  const { uid, gid } = resolveUser(numbered, readUserDatabases(tree));
  return /^\d+$/.test(numbered) ? { uid, gid: uid } : { uid, gid };
}

/** {@link resolveOwner} for a WORKDIR: root for a USER that the image does not know, as in BuildKit. */
export function resolveOwnerOrRoot(text: string, tree: RootedTree): Owner {
  try {
    return resolveOwner(text, tree);
  } catch (error) {
    if (isStrataError(error, 'ERR_USER_UNKNOWN')) return root;
    throw error;
  }
}
