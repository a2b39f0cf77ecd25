import { StrataError } from '../errors/index.ts';
import { chainIds } from '../layer/chain-id.ts';
import type { SnapshotLedger } from '../ledger/types.ts';
import { invariant } from '../lib/invariant.ts';
import type { Layers } from '../metadata/layers.ts';
import { snapshotBelow } from '../snapshots/amendment.ts';
import type { ImageConfig } from '../spec/config.ts';
import type { DiffId } from '../spec/digest.ts';
import type { CreatedLayer, LayerSizes } from '../store/layers/types.ts';
import type { BuildEvent, BuildParts } from './build-parts.ts';
import type { FilesystemResult } from './ops/filesystem-result.ts';

/** Returns the layers of a base image. Throws ERR_LAYER_NOT_FOUND when the store has no record of one. */
export function baseLayersOf(base: ImageConfig, layers: Layers): LayerSizes[] {
  return base.rootfs.diff_ids.map((diffId) => {
    const record = layers.get(diffId);
    if (record !== undefined) return record;
    throw new StrataError({
      code: 'ERR_LAYER_NOT_FOUND',
      message: `layer ${diffId}: not recorded`,
      hint: 'Remove the image that uses it, then build or load it again.',
    });
  });
}

/**
 * Returns the snapshots of the steps, lowest first, by their real parents: when a step was run again, steps above it
 * that came from the cache may still have its earlier result as parent.
 */
export function lineage(results: readonly FilesystemResult[], snapshots: SnapshotLedger): string[] {
  const line: string[] = [];
  let id = results.at(-1)?.snapshotId;
  for (let count = 0; count < results.length && id !== undefined; count++) {
    line.unshift(id);
    id = snapshotBelow(id, snapshots);
  }
  invariant(line.length === results.length, 'every step made a snapshot on that of the step below');
  return line;
}

/** Makes layers of the steps' snapshots, on top of those of the base. */
export async function makeStepLayers(
  below: readonly LayerSizes[],
  snapshotIds: readonly string[],
  parts: BuildParts,
  report: (event: BuildEvent) => void,
  signal: AbortSignal,
): Promise<CreatedLayer[]> {
  const { layerMaker } = parts;
  const nearest: DiffId[] = [];
  const made: CreatedLayer[] = [];
  let chainId = chainIds(below.map(({ diffId }) => diffId)).at(-1);
  for (const snapshotId of snapshotIds) {
    const layer = await layerMaker.make(snapshotId, { chainId, made: nearest }, { signal });
    nearest.unshift(layer.diffId);
    chainId = layer.chainId;
    made.push(layer);
    report({ type: 'layer', diffId: layer.diffId, sizeBytes: layer.sizeBytes });
  }
  return made;
}
