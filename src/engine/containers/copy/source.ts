import { posix } from 'node:path';
import { StrataError } from '../../../errors/index.ts';
import { errnoOf } from '../../../sys/errno.ts';
import { closeFd } from '../../../sys/fs-at.ts';
import type { RootedTree } from '../../../sys/rooted-tree.ts';
import { type FileStat, statFd } from '../../../sys/stat.ts';
import type { CopyPath } from './copy-path.ts';
import { copyRefusal, loopHint, withoutSlashHint } from './failures.ts';

/** A source of a copy, opened once: a file put in its place later is not copied. */
export interface CopySource extends Disposable {
  /** O_PATH. */
  readonly fd: number;
  readonly stat: FileStat;
  /** Path from the root it was looked up in, for messages. */
  readonly path: string;
  /** Name in the archive. Undefined when only the directory's content is copied. */
  readonly name: string | undefined;
}

/** Opens a source. Throws `missing()` for a missing path, ERR_COPY_REFUSED when the path ends in a slash and is no directory. */
export function findSource(
  tree: RootedTree,
  from: CopyPath,
  { followLink, missing }: { readonly followLink: boolean; readonly missing: () => StrataError },
): CopySource {
  const fd = resolvePath(tree, from, followLink || from.isDirectory, missing);
  const close = (): void => closeFd(fd);
  const stat = statFd(fd);
  if (from.isDirectory && stat.type !== 'directory') {
    close();
    throw copyRefusal(`lstat ${from.path}/: not a directory`, withoutSlashHint);
  }
  const name = from.isContent ? undefined : posix.basename(from.path);
  return { fd, stat, path: from.path, name, [Symbol.dispose]: close };
}

function resolvePath(tree: RootedTree, { path }: CopyPath, followLast: boolean, missing: () => StrataError): number {
  try {
    return tree.resolve(path.slice(1), { followLast });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') throw missing();
    if (errno === 'ELOOP') throw copyRefusal(`lstat ${path}: too many levels of symbolic links`, loopHint);
    throw error;
  }
}
