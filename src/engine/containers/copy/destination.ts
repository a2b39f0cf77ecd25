import type { StrataError } from '../../../errors/index.ts';
import { O_DIRECTORY, O_RDONLY } from '../../../sys/constants.ts';
import { errnoOf } from '../../../sys/errno.ts';
import { readlinkAt } from '../../../sys/fs-at.ts';
import type { RootedTree } from '../../../sys/rooted-tree.ts';
import { statAtIfThere } from '../../../sys/stat.ts';
import type { CopyPath } from './copy-path.ts';
import { copyRefusal, loopHint, withoutSlashHint } from './failures.ts';
import type { CopySource } from './source.ts';

const slash = 0x2f;
// Docker's limit.
const maxHops = 10;

/** Destination of a copy: an open directory, and the name of the copy in it. */
export interface CopyDestination {
  /** The caller closes it. */
  readonly fd: number;
  /** Undefined when the content of the source goes into the directory. */
  readonly name: Uint8Array | undefined;
}

export interface DestinationMessages {
  /** Error for a missing parent directory, given its path. */
  readonly missing: (path: string) => StrataError;
  /** Message for a device. */
  readonly unfit: string;
}

/**
 * Finds the destination by docker's rules: into an existing directory, otherwise to the name itself. Follows symlinks at the
 * end, also dangling ones. Throws ERR_COPY_REFUSED and the errors of `messages`.
 */
export function findDestination(
  tree: RootedTree,
  to: CopyPath,
  source: Pick<CopySource, 'name'> & { readonly isDirectory: boolean },
  messages: DestinationMessages,
): CopyDestination {
  const target = followSymlinks(tree, Buffer.from(to.path), messages);
  const { type } = target;
  if (type === 'directory') {
    return {
      fd: openDirectory(tree, target.path, messages),
      name: source.name === undefined ? undefined : Buffer.from(source.name),
    };
  }
  if (type === 'character-device' || type === 'block-device')
    throw copyRefusal(`${messages.unfit}: got a device`, 'Name another destination: devices are not written to.');
  if (type !== undefined && source.isDirectory) {
    throw copyRefusal(
      'cannot copy directory',
      'The destination is a file: copy to a directory, or to a name that does not exist yet.',
    );
  }
  if (to.isDirectory && type !== undefined) {
    throw copyRefusal(`lstat ${to.path}/: not a directory`, withoutSlashHint);
  }
  if (to.isDirectory && !source.isDirectory) {
    throw copyRefusal('no such directory', 'Create the directory first, or leave out the slash at the end.');
  }
  const cut = target.path.lastIndexOf(slash);
  return { fd: openDirectory(tree, target.path.subarray(0, cut), messages), name: target.path.subarray(cut + 1) };
}

/** Opens the directory to unpack an archive into. Throws `notDirectory()` for anything else. */
export function findDirectory(tree: RootedTree, to: CopyPath, notDirectory: () => StrataError): number {
  try {
    return tree.open(to.path.slice(1), O_RDONLY | O_DIRECTORY);
  } catch (error) {
    if (isAbsent(error)) throw notDirectory();
    throw error;
  }
}

interface FoundPath {
  /** Absolute in the tree. */
  readonly path: Buffer;
  readonly type: string | undefined;
}

function followSymlinks(tree: RootedTree, start: Buffer, messages: DestinationMessages): FoundPath {
  let path = start;
  for (let hops = 0; hops <= maxHops; hops++) {
    if (path.length <= 1) return { path, type: 'directory' };
    const cut = path.lastIndexOf(slash);
    const { fd, name } = openParent(tree, path, messages);
    const type = statAtIfThere(fd, name)?.type;
    if (type !== 'symlink') return { path, type };
    const target = Buffer.from(readlinkAt(fd, name));
    if (endsInDots(target)) return { path, type: typeBehind(tree, path) };
    path = target[0] === slash ? target : Buffer.concat([path.subarray(0, cut + 1), target]);
    while (path.length > 1 && path.at(-1) === slash) path = path.subarray(0, -1);
  }
  throw copyRefusal(`${start.toString()}: too many levels of symbolic links`, loopHint);
}

/** True for a target that ends in `.` or `..`, which is a directory or missing, and has no name to create. */
const endsInDots = (target: Buffer): boolean => /(?:^|\/)\.{1,2}\/*$/.test(target.toString('latin1'));

function typeBehind(tree: RootedTree, path: Buffer): 'directory' | undefined {
  try {
    tree.directory(path.subarray(1));
    return 'directory';
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function openParent(tree: RootedTree, path: Buffer, messages: DestinationMessages): ReturnType<RootedTree['parent']> {
  // The tree may be a running container's: drop cached directories.
  tree.invalidate();
  try {
    return tree.parent(path.subarray(1));
  } catch (error) {
    if (isAbsent(error)) throw messages.missing(parentText(path));
    throw error;
  }
}

function openDirectory(tree: RootedTree, path: Buffer, messages: DestinationMessages): number {
  try {
    return tree.open(path.subarray(1), O_RDONLY | O_DIRECTORY);
  } catch (error) {
    if (isAbsent(error)) throw messages.missing(path.length === 0 ? '/' : path.toString());
    throw error;
  }
}

const parentText = (path: Buffer): string => path.toString('utf8', 0, path.lastIndexOf(slash)) || '/';

function isAbsent(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP';
}
