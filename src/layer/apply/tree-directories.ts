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

/** The directories that a layer has touched in a tree so far, by the keys of their paths. */
export class TreeDirectories implements Disposable {
  readonly #states = new Map<string, DirectoryState>();
  readonly #open: OpenDirectories;
  readonly #isComplete: boolean;
  readonly root: DirectoryState;

  /** `isComplete` is set when the directory holds a complete tree, which the layer changes. */
  constructor(root: string, isComplete: boolean) {
    this.#open = new OpenDirectories(root);
    this.#isComplete = isComplete;
    const before = isComplete ? toDirectoryBefore(statFd(this.#open.rootFd)) : undefined;
    this.root = {
      parent: undefined,
      metadata: undefined,
      impliedTime: epoch,
      opaque: false,
      assumed: true,
      deletionsOnly: false,
      existed: true,
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

  /** Returns the descriptor of a directory, for reading it; see {@link OpenDirectories.fd}. */
  fd(key: string): number {
    return this.#open.fd(key);
  }

  /** Returns the descriptor of a directory, for creating or removing entries in it. */
  fdForChange(key: string): number {
    const fd = this.#open.fd(key);
    const before = this.#isComplete ? this.#states.get(key)?.before : undefined;
    if (before && !before.changed) removeInheritance(fd, before);
    return fd;
  }

  /** Makes a directory. Throws EEXIST. */
  make(parent: string, name: Uint8Array, key: string, created: NewDirectory): void {
    mkdirAt(this.fdForChange(parent), name, (created.metadata?.mode ?? 0o755) & 0o777);
    this.#states.set(key, { ...created, parent: this.#stateOf(parent), existed: false, before: undefined });
  }

  /** Registers a directory that a complete tree had before. */
  adopt(parent: string, key: string, stat: FileStat): DirectoryState {
    const state: DirectoryState = {
      parent: this.#stateOf(parent),
      metadata: undefined,
      impliedTime: epoch,
      opaque: false,
      assumed: false,
      deletionsOnly: false,
      existed: true,
      before: toDirectoryBefore(stat),
    };
    this.#states.set(key, state);
    return state;
  }

  /** Drops a directory. Call it for each directory that is removed. */
  forget(key: string): void {
    this.#states.delete(key);
    this.#open.forget(key);
  }

  /** Returns true when a directory hides its content in the layers below, by itself or by one above it. */
  hidesBelow(key: string): boolean {
    for (let state = this.#states.get(key); state; state = state.parent) if (state.opaque) return true;
    return false;
  }

  /** Marks a directory, and those above it, as holding more than deletions. */
  fill(key: string): void {
    for (let state = this.#states.get(key); state?.deletionsOnly === true; state = state.parent)
      state.deletionsOnly = false;
  }

  /** Returns the directories that settling has to look at. */
  impliedDirectories(): ImpliedDirectory[] {
    const implied: ImpliedDirectory[] = [];
    for (const [key, { assumed, metadata, deletionsOnly }] of this.#states) {
      if (assumed && key !== '') implied.push({ key, inherits: metadata === undefined, deletionsOnly });
    }
    return implied;
  }

  /** Sets the final metadata of every directory. Nothing may be created or removed afterwards. */
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
    if (before && !metadata) restore(fd, before);
    else if (state.existed) writer.oldDirectory(fd, wanted, path);
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

/** The fields of a directory's state that {@link TreeDirectories.make} takes. */
export type NewDirectory = Omit<DirectoryState, 'parent' | 'existed' | 'before'>;

const toDirectoryBefore = (stat: FileStat): DirectoryBefore => ({ stat, changed: false, defaultAcl: undefined });

// New files would inherit the group of a setgid directory and its default ACL, but the archive decides both.
function removeInheritance(fd: number, before: DirectoryBefore): void {
  before.changed = true;
  before.defaultAcl = readDefaultAcl(fd);
  if (before.defaultAcl) removeXattrFd(fd, defaultAcl);
  if ((before.stat.permissions & 0o2000) !== 0) chmodFd(fd, before.stat.permissions & ~0o2000);
}

function restore(fd: number, before: DirectoryBefore): void {
  invariant(before.changed, 'only a changed directory is restored');
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
