import type { FileTime } from '../../sys/file-attributes.ts';
import { RootedTree } from '../../sys/rooted-tree.ts';
import { definitionOf, stepKey } from '../solver/step-key.ts';
import type { Keyed, Op, OpContext } from '../solver/types.ts';
import type { FilesystemResult } from './filesystem-result.ts';
import { keyAsIdentity } from './key-as-identity.ts';
import { resolveOwnerOrRoot } from './owner.ts';
import { TouchedDirectories } from './touched-directories.ts';
import { TreeTarget } from './tree-target.ts';
import type { Workspace } from './workspace.ts';

export interface WorkdirOpOptions {
  readonly path: string;
  /** Owner of created directories: the current USER, as in BuildKit. */
  readonly user: string;
  /** Time of created directories; undefined for the clock's. */
  readonly time: FileTime | undefined;
  readonly workspace: Workspace;
}

/** WORKDIR: creates the directory and its parents, with mode 0755. */
export class WorkdirOp implements Op<FilesystemResult> {
  readonly definition: string;
  readonly isKeyedByDefinition = true;
  readonly #options: WorkdirOpOptions;

  constructor(options: WorkdirOpOptions) {
    const { path, user, time } = options;
    this.definition = definitionOf('workdir-v2', { path, user, time });
    this.#options = options;
  }

  async key(inputs: readonly FilesystemResult[]): Promise<Keyed<FilesystemResult>> {
    return keyAsIdentity(stepKey(this.definition, inputs), async (context) => await this.#make(inputs[0], context));
  }

  async #make(parent: FilesystemResult | undefined, { signal }: OpContext): Promise<string> {
    const { path, user, time, workspace } = this.#options;
    const change = async (directory: string): Promise<void> => {
      using tree = RootedTree.open(directory);
      const touched = time && new TouchedDirectories(tree, time);
      new TreeTarget(tree, resolveOwnerOrRoot(user, tree), touched).makeDirectory(Buffer.from(path));
      touched?.finish();
    };
    return await workspace.change(parent?.snapshotId, change, { signal });
  }
}
