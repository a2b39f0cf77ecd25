import type { FileTime } from '../../sys/file-attributes.ts';
import { RootedTree } from '../../sys/rooted-tree.ts';
import { definitionOf, stepKey } from '../solver/step-key.ts';
import type { Keyed, Op, OpContext } from '../solver/types.ts';
import type { FilesystemResult, Workspace } from './filesystem-result.ts';
import { keyAsIdentity } from './key-as-identity.ts';
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
      new TreeTarget(tree, ownerOrRoot(user, tree), touched).directory(Buffer.from(path));
      touched?.finish();
    };
    return await workspace.change(parent?.snapshotId, change, { signal });
  }
}
