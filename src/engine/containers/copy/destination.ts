import type { StrataError } from '../../../errors/index.ts';
import { O_DIRECTORY, O_RDONLY } from '../../../sys/constants.ts';
import { errnoOf } from '../../../sys/errno.ts';
import { readlinkAt } from '../../../sys/fs-at.ts';
import type { RootedTree } from '../../../sys/rooted-tree.ts';
import { statAtIfThere } from '../../../sys/stat.ts';
import type { CopyPath } from './copy-path.ts';
import { copyImpossible } from './failures.ts';
import type { CopySource } from './source.ts';

const slash = 0x2f;
// As docker has it.
const maxHops = 10;

/** Where a copy goes: a directory, open, and what the copy is called there. */
export interface CopyDestination {
  /** The caller's to close. */
  readonly fd: number;
  /** Undefined: what the source holds goes into the directory. */
  readonly name: Uint8Array | undefined;
}

export interface DestinationWords {
  /** For a parent that is not there, given its path. */
  readonly missing: (path: string) => StrataError;
  /** For a device. */
  readonly unfit: string;
}

/**
 * Docker's rules of where a source goes: into a directory that is there, else to the very name. Symlinks at the end are
 * followed, also to nothing. Throws ERR_COPY_REFUSED and what `words` say.
 */
export function findDestination(
  tree: RootedTree,
  to: CopyPath,
  source: Pick<CopySource, 'name'> & { readonly isDirectory: boolean },
  words: DestinationWords,
): CopyDestination {
  const place = followed(tree, Buffer.from(to.path), words);
  const { type } = place;
  if (type === 'directory') {
    return {
      fd: opened(tree, place.path, words),
      name: source.name === undefined ? undefined : Buffer.from(source.name),
    };
  }
  if (type === 'character-device' || type === 'block-device') throw copyImpossible(`${words.unfit}: got a device`);
  if (type !== undefined && source.isDirectory) {
    throw copyImpossible(
      'cannot copy directory',
      'The destination is a file: name a folder, or a name that is not taken.',
    );
  }
  if (to.isDirectory && type !== undefined) throw copyImpossible(`lstat ${to.path}/: not a directory`);
  if (to.isDirectory && !source.isDirectory) {
    throw copyImpossible('no such directory', 'Make the folder first, or leave out the slash at the end.');
  }
  const cut = place.path.lastIndexOf(slash);
  return { fd: opened(tree, place.path.subarray(0, cut), words), name: place.path.subarray(cut + 1) };
}

/** A directory that an archive is unpacked into. Throws `none` for anything else. */
export function findDirectory(tree: RootedTree, to: CopyPath, none: () => StrataError): number {
  try {
    return tree.open(to.path.slice(1), O_RDONLY | O_DIRECTORY);
  } catch (error) {
    if (isAbsent(error)) throw none();
    throw error;
  }
}

interface Place {
  /** Absolute in the tree. */
  readonly path: Buffer;
  readonly type: string | undefined;
}

function followed(tree: RootedTree, start: Buffer, words: DestinationWords): Place {
  let path = start;
  for (let hops = 0; hops <= maxHops; hops++) {
    if (path.length <= 1) return { path, type: 'directory' };
    const cut = path.lastIndexOf(slash);
    const { fd, name } = parentOf(tree, path, words);
    const type = statAtIfThere(fd, name)?.type;
    if (type !== 'symlink') return { path, type };
    const target = Buffer.from(readlinkAt(fd, name));
    if (endsInDots(target)) return { path, type: typeBehind(tree, path) };
    path = target[0] === slash ? target : Buffer.concat([path.subarray(0, cut + 1), target]);
    while (path.length > 1 && path.at(-1) === slash) path = path.subarray(0, -1);
  }
  throw copyImpossible(`${start.toString()}: too many levels of symbolic links`);
}

/** `..` and the like have no name of their own to be followed to: there is a directory, or nothing. */
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

function parentOf(tree: RootedTree, path: Buffer, words: DestinationWords): ReturnType<RootedTree['parent']> {
  // The tree may be a container's that runs: nothing found before is kept.
  tree.invalidate();
  try {
    return tree.parent(path.subarray(1));
  } catch (error) {
    if (isAbsent(error)) throw words.missing(parentText(path));
    throw error;
  }
}

function opened(tree: RootedTree, path: Buffer, words: DestinationWords): number {
  try {
    return tree.open(path.subarray(1), O_RDONLY | O_DIRECTORY);
  } catch (error) {
    if (isAbsent(error)) throw words.missing(path.length === 0 ? '/' : path.toString());
    throw error;
  }
}

const parentText = (path: Buffer): string => path.toString('utf8', 0, path.lastIndexOf(slash)) || '/';

function isAbsent(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP';
}
