import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { StrataError } from '../errors/index.ts';
import { errnoOf } from '../sys/errno.ts';
import { makeFolders } from '../sys/make-folders.ts';
import { chooseRunState } from './run-state.ts';

/** Paths of the parts of a store (docs/storage-on-disk.md). */
export interface StoreLayout {
  readonly root: string;
  readonly database: string;
  readonly content: string;
  readonly indexes: string;
  readonly snapshots: string;
  readonly containers: string;
  /** Cached digests of files in build contexts. */
  readonly contexts: string;
  /** Records of what large copies of build steps contain. */
  readonly copies: string;
  readonly locks: string;
  readonly trash: string;
  /** Run state of this root (bundles, sockets, exit files), which is useless after a reboot. */
  readonly run: string;
}

/**
 * Returns the paths of a store, which need not exist yet, and creates nothing. Symlinks are resolved, so that every
 * path to a store leads to the same layout and the same run state. Throws ERR_STORAGE_ROOT_UNUSABLE.
 */
export function findLayout(root: string): StoreLayout {
  try {
    const real = realPathOf(root);
    if (statSync(real, { throwIfNoEntry: false })?.isDirectory() === false) throw notADirectory;
    return layoutOf(real);
  } catch (cause) {
    throw rootUnusable(root, cause);
  }
}

/** Creates the missing folders of a store. Throws ERR_STORAGE_ROOT_UNUSABLE. */
export function makeLayout(layout: StoreLayout): void {
  const { root, indexes, snapshots, containers, trash } = layout;
  try {
    for (const folder of [root, indexes, snapshots, containers, trash, ...workLocksOf(layout)])
      makeFolders(folder, 0o700);
  } catch (cause) {
    throw rootUnusable(root, cause);
  }
}

const notADirectory = Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });

/** Resolves the symlinks of the existing part of a path. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const parent = dirname(path);
    if (errnoOf(error) !== 'ENOENT' || parent === path) throw error;
    return join(realPathOf(parent), basename(path));
  }
}

function rootUnusable(root: string, cause: unknown): StrataError {
  const errno = errnoOf(cause);
  const isNoFolder = errno === 'EEXIST' || errno === 'ENOTDIR';
  const isRefused = (errno === 'EACCES' || errno === 'EPERM') && process.getuid?.() !== 0;
  return new StrataError({
    code: 'ERR_STORAGE_ROOT_UNUSABLE',
    message: `root ${root}: ${isNoFolder ? 'a file exists where a folder is expected' : `cannot be used (${errno ?? String(cause)})`}`,
    hint: isRefused
      ? 'Run this as root, or choose another folder for the store.'
      : 'Choose another folder for the store.',
    cause,
  });
}

/** Returns the paths of the store at a root whose symlinks are resolved. */
export function layoutOf(root: string): StoreLayout {
  return {
    root,
    database: join(root, 'strata.db'),
    content: join(root, 'content'),
    indexes: join(root, 'indexes'),
    snapshots: join(root, 'snapshots'),
    containers: join(root, 'containers'),
    contexts: join(root, 'contexts'),
    copies: join(root, 'copies'),
    locks: join(root, 'locks'),
    trash: join(root, 'trash'),
    // Computed when it is read, because many commands do not need it.
    get run() {
      return chooseRunState(root, process.env);
    },
  };
}

/** Returns the folders with the locks of containers, pauses and build steps. */
export const workLocksOf = ({ locks }: StoreLayout): string[] =>
  ['containers', 'pauses', 'steps'].map((name) => join(locks, name));

/** Returns the folder in which the runtime keeps the state of this store's containers. */
export const runtimeRootOf = ({ run }: StoreLayout): string => join(run, 'runc');

/** Returns the folder with the bundles of containers. */
export const bundlesOf = ({ run }: StoreLayout): string => join(run, 'bundles');

/** Returns the folder in which supervisors record how their containers ended. */
export const exitsOf = ({ run }: StoreLayout): string => join(run, 'exits');

/** Returns the folder with the files of processes that join containers. */
export const execsOf = ({ run }: StoreLayout): string => join(run, 'execs');

/** Returns the folder with the bundles of build steps, named `<lease>-<number>`. */
export const stepsOf = ({ run }: StoreLayout): string => join(run, 'steps');
