import type { Lease } from '../../ledger/types.ts';
import { invariant } from '../../lib/invariant.ts';
import type { LayerMaker, LayersBelow } from '../layer-maker.ts';
import type { CacheMap, ExecContext, Op } from '../solver/types.ts';
import type { FilesystemResult, LinkWorkspace } from './filesystem-result.ts';

export interface LinkOpOptions {
  readonly workspace: LinkWorkspace;
  readonly layerMaker: LayerMaker;
  readonly lease: Lease;
}

const onNothing: LayersBelow = { chainId: undefined, made: [] };

/**
 * Puts what `COPY --link` or `ADD --link` made on nothing onto the step below: inputs are that step and the copy. Of the
 * build it reads nothing, so that on another base the same layer comes from the cache.
 */
export class LinkOp implements Op<FilesystemResult> {
  readonly #options: LinkOpOptions;

  constructor(options: LinkOpOptions) {
    this.#options = options;
  }

  async cacheMap(): Promise<CacheMap> {
    return { digest: 'link-v1' };
  }

  async exec([parent, copied]: readonly FilesystemResult[], { signal, key }: ExecContext): Promise<FilesystemResult> {
    const { workspace, layerMaker, lease } = this.#options;
    invariant(copied?.snapshotId !== undefined, 'a copy makes a snapshot');
    // Whatever it stands on, it is this layer.
    const layer = await layerMaker.make(copied.snapshotId, onNothing, { lease, signal });
    const snapshotId =
      parent?.snapshotId === undefined
        ? layer.snapshotId
        : await workspace.stack(parent.snapshotId, layer.snapshotId, { signal });
    return { identity: key, snapshotId, createdAt: Date.now() };
  }
}
