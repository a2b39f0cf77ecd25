import type { LayerMaker, LayersBelow, MadeStepLayer } from '../../builder/layer-maker.ts';
import { nextChainId } from '../../layer/chain-id.ts';
import type { Lease } from '../../ledger/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { type ChainId, type DiffId, parseDiffId } from '../../spec/digest.ts';
import type { CopiedChanges, IndexedLayer } from './index-snapshot.ts';
import { diffIdLabel, type LayerMakerParts } from './layer-maker-parts.ts';

// How many bytes its changes delete of each step below, nearest first, separated by spaces; absent when none.
const deletesLabel = 'strata.deletes';

type MakeOptions = AbortOptions & { readonly lease: Lease };

/** Layers of build steps: the tree stays where it is, and an index beside it gives the tar back. */
export class SnapshotLayerMaker implements LayerMaker {
  readonly #parts: LayerMakerParts;
  #hasWritten = false;

  constructor(parts: LayerMakerParts) {
    this.#parts = parts;
  }

  /** True once a layer was made that nobody has flushed. */
  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  async make(snapshotId: string, below: LayersBelow, options: MakeOptions): Promise<MadeStepLayer> {
    const known = this.#known(snapshotId, options.lease) ?? (await this.#made(snapshotId, below.made, options));
    const chainId = nextChainId(below.chainId, known.diffId);
    return { ...known, chainId, snapshotId: this.#name(snapshotId, chainId, options.lease) };
  }

  /** Gives a new snapshot a copy of changes to the same parent, and makes the layer of them on the way. */
  async copy(snapshotId: string, copyOf: CopiedChanges, options: MakeOptions): Promise<void> {
    await this.#made(snapshotId, [], { ...options, copyOf });
  }

  #known(snapshotId: string, lease: Lease): IndexedLayer | undefined {
    const { snapshots, objects, layers } = this.#parts.metadata;
    const { labels } = snapshots.get(snapshotId) ?? {};
    const label = labels?.[diffIdLabel];
    // The images that keep it may be removed before this one is recorded.
    if (label === undefined || !objects.pinIfPresent('layer', label, lease)) return undefined;
    const record = layers.get(parseDiffId(label));
    return record && { ...record, deletes: (labels?.[deletesLabel] ?? '').split(' ').map(Number) };
  }

  async #made(
    snapshotId: string,
    below: readonly DiffId[],
    options: MakeOptions & { readonly copyOf?: CopiedChanges },
  ): Promise<IndexedLayer> {
    const { snapshotter } = this.#parts.driver;
    this.#hasWritten = true;
    // A build whose steps are all in the cache needs none of it.
    const { indexSnapshot } = await import('./index-snapshot.ts');
    const layer = await indexSnapshot(this.#parts, snapshotId, below, options);
    snapshotter.update(snapshotId, {
      ...snapshotter.stat(snapshotId).labels,
      [diffIdLabel]: layer.diffId,
      ...(layer.deletes.some((bytes) => bytes > 0) ? { [deletesLabel]: layer.deletes.join(' ') } : {}),
    });
    return layer;
  }

  /** The snapshot that carries the chainID afterwards: this one, or the one that stood already. */
  #name(snapshotId: string, chainId: ChainId, lease: Lease): string {
    const { snapshots } = this.#parts.metadata;
    if (snapshots.get(snapshotId)?.chainId === chainId) return snapshotId;
    return snapshots.setChainId(snapshotId, chainId, lease).id;
  }
}
