import { checkBlobs } from '../../images/check/check-blobs.ts';
import { checkImages } from '../../images/check/check-images.ts';
import { checkLayers } from '../../images/check/check-layers.ts';
import type { Checked, Damage, Hold, Unchecked } from '../../images/check/types.ts';
import type { SnapshotRecord } from '../../ledger/types.ts';
import type { WorkControl } from '../../lib/work-control.ts';
import type { ObjectRef } from '../../metadata/objects.ts';
import { layerChain } from '../../snapshots/amendment.ts';
import { missingHere } from '../../snapshots/drivers-with-snapshots.ts';
import type { DiffId } from '../../spec/digest.ts';
import { findOrphans } from '../../store/garbage/collect.ts';
import type { Store } from '../../store/store.ts';

/** Result of `system.check`. */
export interface CheckResult {
  /** Number of each that was checked. */
  readonly blobs: number;
  readonly layers: number;
  readonly images: number;
  /** Objects that are missing or differ from their digest or record. */
  readonly damages: readonly Damage[];
  /** Images whose files were not checked: their snapshots belong to storage drivers that are not in use. */
  readonly unchecked: readonly Unchecked[];
  /** Failed flushes of the disk, a line each: time, path, error. */
  readonly diskFailures: readonly string[];
  /** Unreferenced files left by killed processes. Harmless; the next garbage collection removes them. */
  readonly orphans: readonly ObjectRef[];
}

/**
 * Checks all content of the store without changing it. Reads every byte. Disk failures from before the last boot are
 * forgotten when nothing is damaged.
 */
export async function checkStore(store: Store, { report, signal }: WorkControl<Checked>): Promise<CheckResult> {
  const { metadata, content } = store;
  const options = { signal };
  const counts = { blob: 0, layer: 0, image: 0 };
  const count = (checked: Checked): void => {
    if (checked.kind === 'blob' || checked.kind === 'layer' || checked.kind === 'image') counts[checked.kind]++;
    report(checked);
  };
  await using lease = await metadata.leases.openToRead('check', options);
  const hold: Hold = ({ kind, key }) => lease.pinIfPresent(kind, key);
  const driversOf = (id: string): string[] => snapshotsOf(store, id).map(({ driver }) => driver);
  const ofBlobs = await checkBlobs({ blobs: metadata.blobs, content, hold }, count, options);
  const ofImages = await checkImages({ metadata, content, driversOf, hold }, count, options);
  const { name: inUse } = await store.openDriver();
  const snapshots = snapshotsByLayer(store, inUse);
  const layerParts = {
    metadata,
    indexPath: (diffId: DiffId) => store.layers.indexes.pathOf(diffId),
    snapshotsOf: (diffId: DiffId) => snapshots.get(diffId) ?? [],
    filesOf: (id: string) => store.layers.openFiles(id, options),
    hold,
  };
  const damages = [...ofBlobs, ...ofImages, ...(await checkLayers(layerParts, count, options))];
  const diskFailures = content.health.failures();
  if (diskFailures.length > 0 && damages.length === 0 && content.health.isOfFormerBoot()) content.health.clear();
  const orphans = await findOrphans(store, options);
  const known = (await store.openSnapshotters()).map(({ name }) => name);
  const unchecked = findUncheckedImages(store, inUse, known);
  return { blobs: counts.blob, layers: counts.layer, images: counts.image, damages, unchecked, diskFailures, orphans };
}

/** Returns the top snapshots of an image, one for each driver that has its files. */
const snapshotsOf = ({ metadata }: Store, imageId: string): SnapshotRecord[] =>
  metadata.objects
    .linksOf({ kind: 'image', key: imageId })
    .flatMap(({ kind, key }) => (kind === 'snapshot' ? (metadata.snapshots.get(key) ?? []) : []));

/** Returns the top snapshots of an image in the driver in use. */
const topsOf = (store: Store, inUse: string, imageId: string): string[] =>
  snapshotsOf(store, imageId)
    .filter(({ driver }) => driver === inUse)
    .map(({ id }) => id);

/** Lists images without a snapshot in the driver in use. `known` are the drivers of this program with snapshots in the store. */
function findUncheckedImages(store: Store, inUse: string, known: readonly string[]): Unchecked[] {
  const why = (driver: string): string =>
    `its files are in snapshots of storage driver ${driver}: ${known.includes(driver) ? `${inUse} is in use` : missingHere}`;
  return store.metadata.images.list().flatMap(({ id }) => {
    const drivers = snapshotsOf(store, id).map(({ driver }) => driver);
    if (drivers.includes(inUse)) return [];
    return drivers.map((driver) => ({ kind: 'image' as const, key: id, reason: why(driver) }));
  });
}

/** Maps each layer to the snapshots that hold it, found through the images that use them. */
function snapshotsByLayer(store: Store, inUse: string): ReadonlyMap<DiffId, readonly string[]> {
  const { images, snapshots, db } = store.metadata;
  const byLayer = new Map<DiffId, Set<string>>();
  db.read(() => {
    for (const [id, layers] of images.allLayers()) {
      const lines = topsOf(store, inUse, id).map((top) => layerChain(top, snapshots).toReversed());
      for (const [position, snapshot] of lines.flatMap((line) => [...line.entries()])) {
        const diffId = layers[position]?.diffId;
        if (diffId !== undefined) byLayer.set(diffId, (byLayer.get(diffId) ?? new Set()).add(snapshot));
      }
    }
  });
  return new Map([...byLayer].map(([diffId, ids]) => [diffId, [...ids]]));
}
