import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkBlobs } from '../../images/check/check-blobs.ts';
import { checkImages } from '../../images/check/check-images.ts';
import { checkLayers } from '../../images/check/check-layers.ts';
import type { Checked, Damage } from '../../images/check/types.ts';
import { holdingsOf } from '../../images/holdings.ts';
import type { LayerFiles } from '../../layer/remake.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { ObjectRef } from '../../metadata/objects.ts';
import { layerLine, layerSnapshots } from '../../snapshots/amendment.ts';
import { type DiffId, digestHex } from '../../spec/digest.ts';
import { findOrphans, type GarbageParts } from '../garbage.ts';

export interface CheckResult {
  /** How many of each were looked at. */
  readonly blobs: number;
  readonly layers: number;
  readonly images: number;
  /** What is missing or is not as it was. */
  readonly damages: readonly Damage[];
  /** When the disk failed to keep what it had taken, a line each: time, path, error. */
  readonly diskFailures: readonly string[];
  /** Files nobody holds: left by killed processes, no damage, gone with the next collection of garbage. */
  readonly orphans: readonly ObjectRef[];
}

/**
 * Looks at everything the store holds, and changes nothing of it. Reads every byte. Failures of the disk before the machine
 * was last started are forgotten when nothing is damaged.
 */
export async function checkStore(
  parts: GarbageParts,
  report: (checked: Checked) => void,
  options: AbortOptions,
): Promise<CheckResult> {
  const { metadata, content, layout } = parts;
  const counts = { blob: 0, layer: 0, image: 0 };
  const count = (checked: Checked): void => {
    if (checked.kind === 'blob' || checked.kind === 'layer' || checked.kind === 'image') counts[checked.kind]++;
    report(checked);
  };
  const standing = snapshotsByLayer(parts);
  const layerParts = {
    metadata,
    indexPath: (diffId: DiffId) => join(layout.indexes, `${digestHex(diffId)}.idx`),
    snapshotsOf: (diffId: DiffId) => standing.byLayer.get(diffId) ?? [],
    filesOf: (id: string) => filesOf(parts, id),
  };
  const isUnpacked = (id: string): boolean => standing.unpacked.has(id);
  const damages = [
    ...(await checkBlobs(metadata.blobs, content, count, options)),
    ...(await checkImages({ metadata, content, isUnpacked }, count, options)),
    ...(await checkLayers(layerParts, count, options)),
  ];
  const diskFailures = content.health.failures();
  if (diskFailures.length > 0 && damages.length === 0 && content.health.isOfFormerBoot()) content.health.clear();
  const orphans = [...(await findOrphans(parts, options)), ...orphanSnapshots(parts)];
  return { blobs: counts.blob, layers: counts.layer, images: counts.image, damages, diskFailures, orphans };
}

function filesOf({ metadata, driver: { snapshotter } }: GarbageParts, id: string): LayerFiles {
  if (!snapshotter.ownDirectory) return snapshotter.mounts(id)[0]?.source ?? '';
  const own = snapshotter.ownDirectory.bind(snapshotter);
  return layerSnapshots(id, metadata.snapshots).map(own);
}

/** Which snapshots hold which layer, by the images that stand on them. */
function snapshotsByLayer({ metadata, driver }: GarbageParts): {
  readonly byLayer: ReadonlyMap<DiffId, readonly string[]>;
  readonly unpacked: ReadonlySet<string>;
} {
  const { tops } = holdingsOf(metadata);
  const byLayer = new Map<DiffId, Set<string>>();
  const unpacked = new Set<string>();
  for (const [id, snapshots] of tops) {
    const layers = metadata.images.layersOf(id);
    for (const top of snapshots.filter((each) => metadata.snapshots.get(each)?.driver === driver.name)) {
      unpacked.add(id);
      for (const [position, snapshot] of layerLine(top, metadata.snapshots).toReversed().entries()) {
        const diffId = layers[position]?.diffId;
        if (diffId !== undefined) byLayer.set(diffId, (byLayer.get(diffId) ?? new Set()).add(snapshot));
      }
    }
  }
  return { byLayer: new Map([...byLayer].map(([diffId, ids]) => [diffId, [...ids]])), unpacked };
}

function orphanSnapshots({ layout, driver, metadata }: GarbageParts): ObjectRef[] {
  // Read before their records are looked up: a record stands before its folder.
  return readdirSync(join(layout.snapshots, driver.name))
    .filter((name) => metadata.snapshots.get(name.split('.')[0] ?? name) === undefined)
    .map((key) => ({ kind: 'snapshot', key }));
}
