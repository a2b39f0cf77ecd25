import { StrataError } from '../../errors/index.ts';
import { errnoOf } from '../../sys/errno.ts';
import { RootedTree } from '../../sys/rooted-tree.ts';

/** Opens the folder of a context. Throws ERR_CONTEXT_NOT_FOUND, in docker's words. */
export function openFolder(directory: string): RootedTree {
  try {
    return RootedTree.open(directory);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR' && errno !== 'ELOOP') throw error;
    throw new StrataError({
      code: 'ERR_CONTEXT_NOT_FOUND',
      message: `unable to prepare context: ${errno === 'ENOTDIR' ? `context must be a directory: ${directory}` : `path "${directory}" not found`}`,
      hint: 'Give build a folder that holds a Dockerfile.',
      cause: error,
    });
  }
}
