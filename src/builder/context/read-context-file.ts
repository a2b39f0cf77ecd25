import { basename, dirname } from 'node:path';
import { isStrataError, StrataError } from '../../errors/index.ts';
import { errnoOf } from '../../sys/errno.ts';
import { readFullyAt } from '../../sys/fd-io.ts';
import { closeFd } from '../../sys/fs-at.ts';
import { RootedTree } from '../../sys/rooted-tree.ts';
import { statFd } from '../../sys/stat.ts';

// Above the limits for Dockerfiles and ignore files, so that those apply first.
const maxBytes = 16 << 20;

/**
 * Reads a Dockerfile or ignore file of the context; undefined when it is missing. A symlink is followed inside the
 * context. Throws ERR_CONTEXT_FILE for anything but a readable file: a folder, a fifo, a symlink that leads out of the
 * context, more than 16 MiB.
 */
export function readContextFile(tree: RootedTree, path: string): Uint8Array | undefined {
  const fd = open(tree, path);
  if (fd === undefined) return undefined;
  try {
    const { size } = statFd(fd);
    if (size > maxBytes)
      throw contextFileError(path, `${size} bytes are more than the allowed ${maxBytes}`, 'Give a smaller file.');
    const bytes = new Uint8Array(size);
    return bytes.subarray(0, readFullyAt(fd, bytes, 0));
  } finally {
    closeFd(fd);
  }
}

function open(tree: RootedTree, path: string): number | undefined {
  try {
    return tree.openFile(path);
  } catch (error) {
    if (isStrataError(error, 'ERR_PATH_NOT_A_FILE'))
      throw contextFileError(path, 'not a file', 'Replace it by a regular file.', error);
    const errno = errnoOf(error);
    if (errno === 'ELOOP') throw contextFileError(path, 'a symlink that leads in a circle', linkHint, error);
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR') throw error;
    // An ignore file behind a broken symlink must not count as missing: files that it excludes would be copied.
    if (exists(tree, path))
      throw contextFileError(path, 'a symlink that leads to nothing inside the context', linkHint, error);
    return undefined;
  }
}

function exists(tree: RootedTree, path: string): boolean {
  try {
    closeFd(tree.resolve(path, { followLast: false }));
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return false;
    throw error;
  }
}

export interface OutsideDockerfile {
  readonly dockerfile: Uint8Array;
  /** Content of `<Dockerfile>.dockerignore` beside it. */
  readonly ignoreFile: Uint8Array | undefined;
}

/** Reads a Dockerfile anywhere on this machine. Throws ERR_DOCKERFILE_NOT_FOUND, ERR_CONTEXT_FILE. */
export function readOutsideDockerfile(path: string): OutsideDockerfile {
  using tree = openFolderOf(path);
  const name = basename(path);
  const dockerfile = readContextFile(tree, name);
  if (dockerfile === undefined) throw dockerfileNotFoundError(path);
  return { dockerfile, ignoreFile: readContextFile(tree, `${name}.dockerignore`) };
}

function openFolderOf(path: string): RootedTree {
  try {
    return RootedTree.open(dirname(path));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP') throw dockerfileNotFoundError(path);
    throw error;
  }
}

const linkHint = 'Mend the symlink, or replace it by the file.';

const contextFileError = (path: string, problem: string, hint: string, cause?: unknown): StrataError =>
  new StrataError({
    code: 'ERR_CONTEXT_FILE',
    message: `build context: ${path}: ${problem}`,
    hint,
    cause,
  });

/** Error in docker's words. */
export const dockerfileNotFoundError = (path: string): StrataError =>
  new StrataError({
    code: 'ERR_DOCKERFILE_NOT_FOUND',
    message: `failed to read dockerfile: open ${path}: no such file or directory`,
    hint: 'Name the Dockerfile by its path, relative to where you are.',
  });
