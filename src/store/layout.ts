import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { StrataError } from '../errors/index.ts';
import { errnoOf } from '../sys/errno.ts';
import { makeFolders } from '../sys/make-folders.ts';
import { chooseRunState } from './run-state.ts';

/** Where everything of one store lies (docs/storage-on-disk.md). */
export interface StoreLayout {
  readonly root: string;
  readonly database: string;
  readonly content: string;
  readonly indexes: string;
  readonly snapshots: string;
  readonly containers: string;
  /** Digests of files in build contexts. */
  readonly contexts: string;
  /** What large copies of build steps were made of. */
  readonly copies: string;
  readonly locks: string;
  readonly trash: string;
  /** Bundles, sockets, exit files: useless after a reboot, each root its own. */
  readonly run: string;
}

/**
 * Finds where a store's parts lie, or will lie once it is made, and makes nothing. Whatever symlinks lead to it, one store
 * has one layout, and so one place for what runs. Throws ERR_STORAGE_ROOT_UNUSABLE.
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

/** Makes the folders of a store where they are missing. Throws ERR_STORAGE_ROOT_UNUSABLE. */
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

/** Of what is not there yet: where it will be, below the part of the path that is. */
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
    message: `root ${root}: ${isNoFolder ? 'a file stands where a folder should be' : `cannot be used (${errno ?? String(cause)})`}`,
    hint: isRefused
      ? 'Run this as root, or choose another place for the store.'
      : 'Choose another place for the store.',
    cause,
  });
}

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
    // Computed on use: loading the hash takes longer than many a command does.
    get run() {
      return chooseRunState(root, process.env);
    },
  };
}

/** Returns the folders in which work locks a container, a pause or a build step. */
export const workLocksOf = ({ locks }: StoreLayout): string[] =>
  ['containers', 'pauses', 'steps'].map((name) => join(locks, name));

/** Returns where the runtime keeps the state of this store's containers. */
export const runtimeRootOf = ({ run }: StoreLayout): string => join(run, 'runc');

/** Returns where the bundles of containers are. */
export const bundlesOf = ({ run }: StoreLayout): string => join(run, 'bundles');

/** Returns where supervisors say how their containers ended. */
export const exitsOf = ({ run }: StoreLayout): string => join(run, 'exits');

/** Returns where processes that join containers have what they need. */
export const execsOf = ({ run }: StoreLayout): string => join(run, 'execs');

/** Returns where the bundles of build steps are: `<lease>-<number>`. */
export const stepsOf = ({ run }: StoreLayout): string => join(run, 'steps');
