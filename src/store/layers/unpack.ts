import { join } from 'node:path';
import { isStrataError } from '../../errors/index.ts';
import { applyChain } from '../../layer/apply/apply-chain.ts';
import { applyOnto } from '../../layer/apply/apply-onto.ts';
import { chainIds } from '../../layer/chain-id.ts';
import { isWholeIndex } from '../../layer/index-file/is-whole-index.ts';
import type { AppliedLayer, LayerSource } from '../../layer/types.ts';
import { invariant } from '../../lib/invariant.ts';
import type { LayerRecord } from '../../metadata/layers.ts';
import { layerChain } from '../../snapshots/amendment.ts';
import type { ChainId, DiffId } from '../../spec/digest.ts';
import { describeReadFault } from '../../sys/describe-read-fault.ts';
import type { Store } from '../store.ts';
import type { LayerIndexes } from './layer-indexes.ts';
import { markParentDependent } from './parent-dependent.ts';
import { isRemakeable } from './presence.ts';
import type { LayerToUnpack, MakeLayerOptions, UnpackedChain, UnpackedLayer, UnpackRequest } from './types.ts';

const noLayers: UnpackedChain = { layers: [], snapshotId: undefined };

/**
 * Unpacks the layers of a chain that the store lacks, in parallel where the driver has own directories. Nothing is
 * durable yet: the caller flushes once and then persists the topmost snapshot. After a failure no unfinished snapshot
 * remains; finished layers stay as long as the lease.
 * @throws what `applyChain` throws, what a layer's `source` throws, ERR_LAYER_LIMIT, and the signal's reason
 */
export async function unpackChain(store: Store, request: UnpackRequest): Promise<UnpackedChain> {
  const diffIds = request.layers.map(({ diffId }) => diffId);
  const chain = chainIds(diffIds);
  const existing = await findUnpacked(diffIds, chain, request, store);
  const unpacking = new Unpacking(request, store, existing.snapshotId);
  await unpacking.unpack(existing.layers.length, chain);
  return { layers: [...existing.layers, ...unpacking.done], snapshotId: unpacking.topId };
}

/** Returns how many of the layers, from the base up, are unpacked, and pins these. */
export async function countUnpacked(
  store: Store,
  diffIds: readonly DiffId[],
  options: MakeLayerOptions,
): Promise<number> {
  const { layers } = await findUnpacked(diffIds, chainIds(diffIds), options, store);
  return layers.length;
}

/** Finds and pins the longest part of the chain, from the base up, that is unpacked. */
async function findUnpacked(
  diffIds: readonly DiffId[],
  chain: readonly ChainId[],
  { lease, signal }: MakeLayerOptions,
  store: Store,
): Promise<UnpackedChain> {
  const {
    metadata,
    layers: { indexes },
  } = store;
  const { snapshotter } = await store.openDriver();
  for (let count = chain.length; count > 0; count--) {
    const snapshot = await metadata.snapshots.findByChainId(snapshotter.name, idAt(chain, count - 1), lease);
    // A snapshot whose files were removed by hand is unpacked again and replaced.
    if (snapshot === undefined || !(await snapshotter.isWhole(snapshot.id))) continue;
    const line = layerChain(snapshot.id, metadata.snapshots).toReversed();
    const own = diffIds.slice(0, count);
    await metadata.objects.withPins(lease, (pin) => own.forEach((diffId) => pin('layer', diffId)), { signal });
    const layers = own.flatMap((diffId, at): UnpackedLayer[] => {
      const record = metadata.layers.get(diffId);
      const files = metadata.snapshots.get(line[at] ?? '');
      if (record === undefined || files === undefined || !hasIndex(indexes, diffId)) return [];
      return [{ record, applied: undefined, remakeable: isRemakeable(record, files) }];
    });
    if (layers.length === count) return { snapshotId: snapshot.id, layers };
  }
  return noLayers;
}

/** True for a complete index. A missing or damaged one is written again when the layer is unpacked again. */
function hasIndex(indexes: LayerIndexes, diffId: DiffId): boolean {
  try {
    return isWholeIndex(indexes.pathOf(diffId), diffId);
  } catch (error) {
    describeReadFault(error);
    return false;
  }
}

interface NewLayer {
  readonly source: LayerSource;
  readonly snapshotId: string;
  /** Name of its index until that is published. */
  readonly indexName: string;
}

class Unpacking {
  readonly #request: UnpackRequest;
  readonly #store: Store;
  readonly #unfinished = new Set<string>();
  readonly #indexes: string[] = [];
  readonly done: UnpackedLayer[] = [];
  /** The topmost committed snapshot. */
  topId: string | undefined;

  constructor(request: UnpackRequest, store: Store, topId: string | undefined) {
    this.#request = request;
    this.#store = store;
    this.topId = topId;
  }

  /** Unpacks the layers of the request, except the first `existing`. */
  async unpack(existing: number, chain: readonly ChainId[]): Promise<void> {
    const layers = this.#request.layers.slice(existing);
    if (layers.length === 0) return;
    const ids = chain.slice(existing);
    try {
      const { snapshotter } = await this.#store.openDriver();
      if (snapshotter.capabilities.parallelApply) await this.#unpackInParallel(layers, ids);
      else await this.#unpackInOrder(layers, ids);
    } catch (error) {
      await this.#undo();
      throw error;
    }
  }

  async #unpackInParallel(layers: readonly LayerToUnpack[], chain: readonly ChainId[]): Promise<void> {
    const {
      layers: { indexes },
    } = this.#store;
    const { snapshotter } = await this.#store.openDriver();
    const { signal, report } = this.#request;
    const sources = layers.map(sourceOf);
    const prepared: NewLayer[] = [];
    for (const source of sources) prepared.push(await this.#prepare(source, undefined));
    const own = (id: string): string => requireDirectory(snapshotter.ownDirectory?.(id));
    const applied = await applyChain({
      layers: prepared.map(({ source, snapshotId, indexName }) => ({
        source,
        ownDir: own(snapshotId),
        indexPath: join(indexes.folder, indexName),
      })),
      lowerDirs:
        this.topId === undefined ? [] : [own(this.topId), ...(snapshotter.lowerDirectories?.(this.topId) ?? [])],
      signal,
      ...(report === undefined ? {} : { report }),
    });
    for (const [at, layer] of prepared.entries()) await this.#finish(layer, applied[at], idAt(chain, at), this.topId);
  }

  async #unpackInOrder(layers: readonly LayerToUnpack[], chain: readonly ChainId[]): Promise<void> {
    for (const [at, layer] of layers.entries()) {
      const prepared = await this.#prepare(sourceOf(layer), this.topId);
      const applied = await this.#applyOnto(prepared);
      await this.#finish(prepared, applied, idAt(chain, at), undefined);
    }
  }

  async #applyOnto({ source, snapshotId, indexName }: NewLayer): Promise<AppliedLayer> {
    const { trees, layers } = this.#store;
    const { signal, report } = this.#request;
    await using tree = await trees.open(snapshotId, { access: 'write', signal });
    return await applyOnto({
      source,
      rootDir: tree.path,
      indexPath: join(layers.indexes.folder, indexName),
      isBase: this.topId === undefined,
      signal,
      ...(report === undefined ? {} : { report }),
    });
  }

  async #prepare(source: LayerSource, parentId: string | undefined): Promise<NewLayer> {
    const { lease, signal } = this.#request;
    const { snapshotter } = await this.#store.openDriver();
    const { id } = await snapshotter.prepare(parentId, { lease, signal });
    this.#unfinished.add(id);
    const indexName = this.#store.layers.indexes.nameOfNew(lease, id);
    this.#indexes.push(indexName);
    return { source, snapshotId: id, indexName };
  }

  async #finish(
    { snapshotId, indexName }: NewLayer,
    applied: AppliedLayer | undefined,
    chainId: ChainId,
    parentId: string | undefined,
  ): Promise<void> {
    invariant(applied, 'every layer of the chain was applied');
    const { lease, signal } = this.#request;
    const record = await this.#record(applied, indexName);
    const { snapshotter } = await this.#store.openDriver();
    // Before the commit, so that a committed snapshot never lacks the mark, even after a kill.
    if (applied.parentDependent) await markParentDependent(snapshotter, snapshotId);
    const committed = await snapshotter.commit(snapshotId, { lease, signal, chainId, durable: false, parentId });
    this.#unfinished.delete(snapshotId);
    this.topId = committed.id;
    this.done.push({ record, applied, remakeable: isRemakeable(record, committed) });
  }

  /** Publishes the index, then records the layer, which is the order that garbage collection expects. */
  async #record(applied: AppliedLayer, written: string): Promise<LayerRecord> {
    const {
      metadata,
      layers: { indexes },
    } = this.#store;
    const { lease, signal } = this.#request;
    const { diffId, tarSizeBytes, sizeBytes, entries, parentDependent } = applied;
    await metadata.objects.withPins(lease, (pin) => pin('layer', diffId), { signal });
    const known = metadata.layers.get(diffId);
    // An index that fits one parent only must not replace one that an image's tar is made from.
    const isKept = known !== undefined && metadata.layers.isNamed(diffId) && hasIndex(indexes, diffId);
    if (isKept && parentDependent) {
      indexes.discard(written);
      return known;
    }
    await indexes.publish(written, diffId, { signal });
    const remakeable = applied.remakeable && !parentDependent;
    const record = { diffId, tarSizeBytes, sizeBytes, entries, remakeable };
    await metadata.layers.put(record, lease, { signal });
    return record;
  }

  /** Removes unfinished snapshots and indexes, also after an abort. */
  async #undo(): Promise<void> {
    for (const name of this.#indexes) this.#store.layers.indexes.discard(name);
    const { snapshotter } = await this.#store.openDriver();
    for (const id of this.#unfinished) {
      try {
        await snapshotter.remove(id, { lease: this.#request.lease });
      } catch (error) {
        // The driver removes a snapshot by itself when its commit fails.
        if (!isStrataError(error, 'ERR_SNAPSHOT_NOT_FOUND')) throw error;
      }
    }
  }
}

const sourceOf = ({ diffId, source }: LayerToUnpack): LayerSource => ({ ...source(), diffId });

function idAt(chain: readonly ChainId[], at: number): ChainId {
  const id = chain[at];
  invariant(id, 'every layer has a chainID');
  return id;
}

function requireDirectory(path: string | undefined): string {
  invariant(path, 'a snapshot that layers are unpacked into has a directory');
  return path;
}
