import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LayerMaker, MadeStepLayer } from '../build/layer-maker.ts';
import type { ObjectLocks } from '../content/object-locks.ts';
import { chainIds } from '../layer/chain-id.ts';
import { deletedBytes, type LayerEntries } from '../layer/deleted-bytes.ts';
import type { ChangedTree } from '../layer/diff/change.ts';
import { diffLayer } from '../layer/diff/diff-layer.ts';
import { LayerIndex } from '../layer/index-file/reader.ts';
import type { Lease } from '../ledger/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { invariant } from '../lib/invariant.ts';
import type { LayerRecord } from '../metadata/layers.ts';
import type { Metadata } from '../metadata/metadata.ts';
import { type ChainId, type DiffId, digestHex, parseDiffId } from '../spec/digest.ts';
import type { StoreLayout } from './layout.ts';
import type { StorageDriver } from './open-driver.ts';

// The diffID a snapshot's changes have: told by a label, so that a cached step is never read again.
const diffIdLabel = 'strata.diff-id';
// How many bytes its changes delete of each step below, nearest first, separated by spaces; absent when none.
const deletesLabel = 'strata.deletes';

type MakeOptions = AbortOptions & { readonly lease: Lease; readonly made?: number };
type KnownLayer = LayerRecord & Pick<MadeStepLayer, 'deletes'>;

export interface LayerMakerParts {
  readonly layout: StoreLayout;
  readonly driver: StorageDriver;
  readonly metadata: Metadata;
  readonly locks: ObjectLocks;
}

/** Layers of build steps: the tree stays where it is, and an index beside it gives the tar back. */
export class SnapshotLayerMaker implements LayerMaker {
  readonly #parts: LayerMakerParts;

  constructor(parts: LayerMakerParts) {
    this.#parts = parts;
  }

  async make(snapshotId: string, below: readonly DiffId[], options: MakeOptions): Promise<MadeStepLayer> {
    const ofThisBuild = below.slice(below.length - (options.made ?? 0)).reverse();
    const known = this.#known(snapshotId) ?? (await this.#diff(snapshotId, ofThisBuild, options));
    const chainId = chainIds([...below, known.diffId]).at(-1);
    invariant(chainId !== undefined, 'a chain of one layer has a chainID');
    return { ...known, snapshotId: this.#name(snapshotId, chainId, options.lease) };
  }

  #known(snapshotId: string): KnownLayer | undefined {
    const { labels } = this.#parts.metadata.snapshots.get(snapshotId) ?? {};
    const label = labels?.[diffIdLabel];
    const record = label === undefined ? undefined : this.#parts.metadata.layers.get(parseDiffId(label));
    return record && { ...record, deletes: (labels?.[deletesLabel] ?? '').split(' ').map(Number) };
  }

  /** Read from the layers' indexes once, when the layer is made. */
  #deletes(diffId: DiffId, below: readonly DiffId[]): number[] {
    const [top, ...others] = [diffId, ...below].map((id) => entriesIn(this.#indexPath(id)));
    return top === undefined ? [] : deletedBytes(top, others);
  }

  #indexPath(diffId: DiffId): string {
    return join(this.#parts.layout.indexes, `${digestHex(diffId)}.idx`);
  }

  /** The snapshot that carries the chainID afterwards: this one, or the one that stood already. */
  #name(snapshotId: string, chainId: ChainId, lease: Lease): string {
    const { snapshots } = this.#parts.metadata;
    if (snapshots.get(snapshotId)?.chainId === chainId) return snapshotId;
    return snapshots.setChainId(snapshotId, chainId, lease).id;
  }

  async #diff(snapshotId: string, below: readonly DiffId[], { lease, signal }: MakeOptions): Promise<KnownLayer> {
    const { layout, driver, metadata, locks } = this.#parts;
    const written = join(layout.indexes, `.new-${snapshotId}-${process.pid}`);
    try {
      const layer = await diffLayer({
        tree: this.#sourceOf(snapshotId),
        indexFolder: layout.indexes,
        // Its name is taken under the layer's lock, which garbage collection takes too.
        indexPath: () => written,
        signal,
      });
      const { diffId } = layer;
      metadata.objects.pin('layer', diffId, lease);
      await locks.with('layer', diffId, () => renameSync(written, this.#indexPath(diffId)), {
        signal,
      });
      metadata.layers.put(layer, lease);
      const deletes = this.#deletes(diffId, below);
      driver.snapshotter.update(snapshotId, {
        ...driver.snapshotter.stat(snapshotId).labels,
        [diffIdLabel]: diffId,
        ...(deletes.some((bytes) => bytes > 0) ? { [deletesLabel]: deletes.join(' ') } : {}),
      });
      return { ...layer, deletes };
    } catch (error) {
      rmSync(written, { force: true });
      throw error;
    }
  }

  #sourceOf(snapshotId: string): ChangedTree {
    const { driver, metadata } = this.#parts;
    const { snapshotter } = driver;
    if (driver.name === 'overlay2' && snapshotter.ownDirectory && snapshotter.lowerDirectories) {
      const lowerDirs = snapshotter.lowerDirectories(snapshotId);
      return { kind: 'overlay', upperDir: snapshotter.ownDirectory(snapshotId), lowerDirs };
    }
    const parentId = metadata.snapshots.get(snapshotId)?.parentId;
    const treeOf = (id: string): string => snapshotter.mounts(id)[0]?.source ?? '';
    return {
      kind: 'trees',
      upperDir: treeOf(snapshotId),
      lowerDir: parentId === undefined ? undefined : treeOf(parentId),
    };
  }
}

/** Opened when asked: most layers delete nothing, and those below need not be looked at. */
const entriesIn = (path: string): LayerEntries => ({
  *records() {
    using index = LayerIndex.open(path);
    yield* index.records();
  },
});
