import type { TarTime } from '../../archive/index.ts';
import { invariant } from '../../lib/invariant.ts';
import { errnoOf } from '../../sys/errno.ts';
import { chmodFd, utimensFd } from '../../sys/file-attributes.ts';
import { mkdirAt } from '../../sys/fs-at.ts';
import { type FileStat, statFd } from '../../sys/stat.ts';
import { getXattrFd, removeXattrFd, setXattrFd } from '../../sys/xattr.ts';
import { OpenDirectories } from '../open-directories.ts';
import { makeOpaque, opaqueAttribute } from '../overlay-form.ts';
import { pathFromKey } from '../tree-path.ts';
import { noXattrs } from '../xattrs.ts';
import type { DirectoryBefore, DirectoryState, ImpliedDirectory } from './directory-state.ts';
import { entryFailure } from './failures.ts';
import type { MetadataWriter } from './node-metadata.ts';

const defaultAcl = 'system.posix_acl_default';
const epoch: TarTime = { seconds: 0, nanoseconds: 0 };

/** What the directories of a tree were given by its layer so far. Each is known by its place's key. */
export class TreeDirectories implements Disposable {
  readonly #states = new Map<string, DirectoryState>();
  readonly #open: OpenDirectories;
  readonly #isComplete: boolean;
  readonly root: DirectoryState;

  /** `isComplete`: the directory holds a whole tree already, which the layer changes. */
  constructor(root: string, isComplete: boolean) {
    this.#open = new OpenDirectories(root);
    this.#isComplete = isComplete;
    const before = isComplete ? notedBefore(statFd(this.#open.rootFd)) : undefined;
    this.root = {
      parent: undefined,
      metadata: undefined,
      impliedTime: epoch,
      opaque: false,
      assumed: true,
      hollow: false,
      remade: true,
      before,
    };
    this.#states.set('', this.root);
  }

  get(key: string): DirectoryState | undefined {
    return this.#states.get(key);
  }

  has(key: string): boolean {
    return this.#states.has(key);
  }

  /** Of a directory of the tree, to look at it; see {@link OpenDirectories.fd}. */
  fd(key: string): number {
    return this.#open.fd(key);
  }

  /** Of a directory of the tree, to make or remove something in it. */
  fdForChange(key: string): number {
    const fd = this.#open.fd(key);
    const before = this.#isComplete ? this.#states.get(key)?.before : undefined;
    if (before && !before.changed) takeOffInheritance(fd, before);
    return fd;
  }

  /** Throws EEXIST. */
  make(parent: string, name: Uint8Array, key: string, made: MadeDirectory): void {
    mkdirAt(this.fdForChange(parent), name, (made.metadata?.mode ?? 0o755) & 0o777);
    this.#states.set(key, { ...made, parent: this.#stateOf(parent), remade: false, before: undefined });
  }

  /** Takes notice of a directory that a complete tree had before. */
  adopt(parent: string, key: string, stat: FileStat): DirectoryState {
    const state: DirectoryState = {
      parent: this.#stateOf(parent),
      metadata: undefined,
      impliedTime: epoch,
      opaque: false,
      assumed: false,
      hollow: false,
      remade: true,
      before: notedBefore(stat),
    };
    this.#states.set(key, state);
    return state;
  }

  /** To be said of each directory that is removed. */
  forget(key: string): void {
    this.#states.delete(key);
    this.#open.forget(key);
  }

  /** Whether nothing of the layers below shows in a directory of the tree. */
  hidesBelow(key: string): boolean {
    for (let state = this.#states.get(key); state; state = state.parent) if (state.opaque) return true;
    return false;
  }

  /** Something but a deletion has come into a directory. */
  fill(key: string): void {
    for (let state = this.#states.get(key); state?.hollow === true; state = state.parent) state.hollow = false;
  }

  implied(): ImpliedDirectory[] {
    const implied: ImpliedDirectory[] = [];
    for (const [key, { assumed, metadata, hollow }] of this.#states) {
      if (assumed && key !== '') implied.push({ key, inherits: metadata === undefined, hollow });
    }
    return implied;
  }

  /** Gives every directory what it is to have in the end; nothing is made or removed any more. */
  finish(writer: MetadataWriter, rootless: boolean): void {
    for (const [key, state] of this.#states) {
      const path = pathFromKey(key);
      try {
        this.#finishOne(key, state, path, writer, opaqueAttribute(rootless));
      } catch (error) {
        throw entryFailure(error, path, `/proc/self/fd/${this.#open.rootFd}`);
      }
    }
  }

  #finishOne(key: string, state: DirectoryState, path: Uint8Array, writer: MetadataWriter, opaque: string): void {
    const { metadata, before } = state;
    if (before && !before.changed && !metadata) return;
    const fd = this.#open.fd(key);
    if (state.opaque && key !== '') makeOpaque(fd, opaque);
    const wanted = metadata ?? { uid: 0, gid: 0, mode: 0o755, mtime: state.impliedTime, xattrs: noXattrs };
    if (before && !metadata) putBack(fd, before);
    else if (state.remade) writer.oldDirectory(fd, wanted, path);
    else writer.newDirectory(fd, wanted, path);
  }

  [Symbol.dispose](): void {
    this.#open[Symbol.dispose]();
  }

  #stateOf(key: string): DirectoryState {
    const state = this.#states.get(key);
    invariant(state, 'a directory is known before what is in it');
    return state;
  }
}

/** What {@link TreeDirectories.make} is told; the rest follows. */
export type MadeDirectory = Omit<DirectoryState, 'parent' | 'remade' | 'before'>;

const notedBefore = (stat: FileStat): DirectoryBefore => ({ stat, changed: false, defaultAcl: undefined });

// New files would take the group of a setgid directory and its default ACL, and the archive says otherwise.
function takeOffInheritance(fd: number, before: DirectoryBefore): void {
  before.changed = true;
  before.defaultAcl = readDefaultAcl(fd);
  if (before.defaultAcl) removeXattrFd(fd, defaultAcl);
  if ((before.stat.permissions & 0o2000) !== 0) chmodFd(fd, before.stat.permissions & ~0o2000);
}

function putBack(fd: number, before: DirectoryBefore): void {
  invariant(before.changed, 'only what was taken off is put back');
  if (before.defaultAcl) setXattrFd(fd, defaultAcl, before.defaultAcl);
  if ((before.stat.permissions & 0o2000) !== 0) chmodFd(fd, before.stat.permissions);
  utimensFd(fd, undefined, before.stat.mtime);
}

function readDefaultAcl(fd: number): Uint8Array | undefined {
  try {
    return getXattrFd(fd, defaultAcl);
  } catch (error) {
    if (errnoOf(error) === 'EOPNOTSUPP') return undefined;
    throw error;
  }
}
