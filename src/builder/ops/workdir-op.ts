import { createHash } from 'node:crypto';
import type { FileTime } from '../../sys/file-attributes.ts';
import { RootedTree } from '../../sys/rooted-tree.ts';
import type { CacheMap, ExecContext, Op } from '../solver/types.ts';
import type { FilesystemResult, Workspace } from './filesystem-result.ts';
import { ownerOrRoot } from './owner.ts';
import { TouchedDirectories } from './touched-directories.ts';
import { TreeTarget } from './tree-target.ts';

export interface WorkdirOpOptions {
  readonly path: string;
  /** Owner of what is made: the USER in force, as with BuildKit. */
  readonly user: string;
  /** Of the directories made; the clock's without it. */
  readonly time: FileTime | undefined;
  readonly workspace: Workspace;
}

/** WORKDIR: the directory exists afterwards, with its parents; those made have mode 0755. */
export class WorkdirOp implements Op<FilesystemResult> {
  readonly #options: WorkdirOpOptions;

  constructor(options: WorkdirOpOptions) {
    this.#options = options;
  }

  async cacheMap(): Promise<CacheMap> {
    const { path, user, time } = this.#options;
    const fields = JSON.stringify({ path, user, time });
    return { digest: `sha256:${createHash('sha256').update(`workdir-v2\n${fields}`).digest('hex')}` };
  }

  async exec([parent]: readonly FilesystemResult[], { signal, key }: ExecContext): Promise<FilesystemResult> {
    const { path, user, time, workspace } = this.#options;
    const change = async (directory: string): Promise<void> => {
      using tree = RootedTree.open(directory);
      const touched = time && new TouchedDirectories(tree, time);
      new TreeTarget(tree, ownerOrRoot(user, tree), touched).directory(Buffer.from(path));
      touched?.finish();
    };
    const snapshotId = await workspace.change(parent?.snapshotId, change, { signal });
    return { identity: key, snapshotId, createdAt: Date.now() };
  }
}
