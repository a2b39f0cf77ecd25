import { invariant } from '../../lib/invariant.ts';
import type { LayerMaker, LayersBelow } from '../../store/layers/types.ts';
import { stepKey } from '../solver/step-key.ts';
import type { Keyed, Op, OpContext } from '../solver/types.ts';
import type { FilesystemResult } from './filesystem-result.ts';
import { keyAsIdentity } from './key-as-identity.ts';
import type { LinkWorkspace } from './workspace.ts';

export interface LinkOpOptions {
  readonly workspace: LinkWorkspace;
  readonly layerMaker: LayerMaker;
}

const onNothing: LayersBelow = { chainId: undefined, made: [] };

/**
 * Puts the files of `COPY --link` or `ADD --link` on top of the step below: inputs are that step and the copy, which
 * has nothing below it. It reads nothing else of the build, so that on another base the same layer comes from the
 * cache.
 */
export class LinkOp implements Op<FilesystemResult> {
  readonly definition = 'link-v1';
  readonly isKeyedByDefinition = true;
  readonly #options: LinkOpOptions;

  constructor(options: LinkOpOptions) {
    this.#options = options;
  }

  async key(inputs: readonly FilesystemResult[]): Promise<Keyed<FilesystemResult>> {
    return keyAsIdentity(stepKey(this.definition, inputs), async (context) => await this.#link(inputs, context));
  }

  async #link([parent, copied]: readonly FilesystemResult[], { signal }: OpContext): Promise<string> {
    const { workspace, layerMaker } = this.#options;
    invariant(copied?.snapshotId !== undefined, 'a copy makes a snapshot');
    // The layer is the same on every base.
    const layer = await layerMaker.make(copied.snapshotId, onNothing, { signal });
    return parent?.snapshotId === undefined
      ? layer.snapshotId
      : await workspace.stack(parent.snapshotId, layer.snapshotId, { signal });
  }
}
