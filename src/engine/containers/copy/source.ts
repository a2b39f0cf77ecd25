import { posix } from 'node:path';
import { StrataError } from '../../../errors/index.ts';
import { errnoOf } from '../../../sys/errno.ts';
import { closeFd } from '../../../sys/fs-at.ts';
import type { RootedTree } from '../../../sys/rooted-tree.ts';
import { type FileStat, statFd } from '../../../sys/stat.ts';
import type { CopyPath } from './copy-path.ts';
import { copyImpossible } from './failures.ts';

/** Something that is copied, found once: whatever takes its place afterwards is not. */
export interface CopySource extends Disposable {
  /** O_PATH. */
  readonly fd: number;
  readonly stat: FileStat;
  /** For messages: where it stands, from the root it was looked up in. */
  readonly path: string;
  /** Its name in the archive; undefined when only what it holds is meant. */
  readonly name: string | undefined;
}

/** Throws `missing` when nothing is there, ERR_COPY_REFUSED for a directory that is none. */
export function findSource(
  tree: RootedTree,
  from: CopyPath,
  { followLink, missing }: { readonly followLink: boolean; readonly missing: () => StrataError },
): CopySource {
  const fd = resolved(tree, from, followLink || from.isDirectory, missing);
  const close = (): void => closeFd(fd);
  const stat = statFd(fd);
  if (from.isDirectory && stat.type !== 'directory') {
    close();
    throw copyImpossible(`lstat ${from.path}/: not a directory`);
  }
  const name = from.isContent ? undefined : posix.basename(from.path);
  return { fd, stat, path: from.path, name, [Symbol.dispose]: close };
}

function resolved(tree: RootedTree, { path }: CopyPath, followLast: boolean, missing: () => StrataError): number {
  try {
    return tree.resolve(path.slice(1), { followLast });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') throw missing();
    if (errno === 'ELOOP') throw copyImpossible(`lstat ${path}: too many levels of symbolic links`);
    throw error;
  }
}
