import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LayerMaker, MadeStepLayer } from '../build/layer-maker.ts';
import type { ObjectLocks } from '../content/object-locks.ts';
import { chainIds } from '../layer/chain-id.ts';
import type { ChangedTree } from '../layer/diff/change.ts';
import { diffLayer } from '../layer/diff/diff-layer.ts';
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

  async make(
    snapshotId: string,
    below: readonly DiffId[],
    options: AbortOptions & { readonly lease: Lease },
  ): Promise<MadeStepLayer> {
    const known = this.#known(snapshotId) ?? (await this.#diff(snapshotId, options));
    const chainId = chainIds([...below, known.diffId]).at(-1);
    invariant(chainId !== undefined, 'a chain of one layer has a chainID');
    return { ...known, snapshotId: this.#name(snapshotId, chainId, options.lease) };
  }

  #known(snapshotId: string): LayerRecord | undefined {
    const label = this.#parts.metadata.snapshots.get(snapshotId)?.labels[diffIdLabel];
    return label === undefined ? undefined : this.#parts.metadata.layers.get(parseDiffId(label));
  }

  /** The snapshot that carries the chainID afterwards: this one, or the one that stood already. */
  #name(snapshotId: string, chainId: ChainId, lease: Lease): string {
    const { snapshots } = this.#parts.metadata;
    if (snapshots.get(snapshotId)?.chainId === chainId) return snapshotId;
    return snapshots.setChainId(snapshotId, chainId, lease).id;
  }

  async #diff(snapshotId: string, { lease, signal }: AbortOptions & { readonly lease: Lease }): Promise<LayerRecord> {
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
      await locks.with('layer', diffId, () => renameSync(written, join(layout.indexes, `${digestHex(diffId)}.idx`)), {
        signal,
      });
      metadata.layers.put(layer, lease);
      driver.snapshotter.update(snapshotId, {
        ...driver.snapshotter.stat(snapshotId).labels,
        [diffIdLabel]: diffId,
      });
      return layer;
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
