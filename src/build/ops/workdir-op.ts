import { createHash } from 'node:crypto';
import { RootedTree } from '../../sys/rooted-tree.ts';
import type { CacheMap, Op, OpContext } from '../solver/types.ts';
import type { FilesystemResult, Workspace } from './filesystem-result.ts';

/** WORKDIR: the directory exists afterwards, with its parents, mode 0755, owned by root. */
export class WorkdirOp implements Op<FilesystemResult> {
  readonly #path: string;
  readonly #workspace: Workspace;

  constructor(path: string, workspace: Workspace) {
    this.#path = path;
    this.#workspace = workspace;
  }

  async cacheMap(): Promise<CacheMap> {
    const digest = createHash('sha256').update(`workdir-v1\n${this.#path}`).digest('hex');
    return { digest: `sha256:${digest}` };
  }

  async exec([parent]: readonly FilesystemResult[], { signal }: OpContext): Promise<FilesystemResult> {
    const change = async (directory: string): Promise<void> => {
      using tree = RootedTree.open(directory);
      tree.directory(this.#path, { mode: 0o755 });
    };
    const snapshotId = await this.#workspace.change(parent?.snapshotId, change, { signal });
    return { identity: `snapshot:${snapshotId}`, snapshotId, createdAt: Date.now() };
  }
}
