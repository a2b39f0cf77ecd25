import { listCacheEntries, toCachedStep } from '../../builder/cache/cache-entries.ts';
import { dockerStatus } from '../../containers/state.ts';
import { statusText } from '../../containers/status-text.ts';
import type { LocalContentStore } from '../../content/local/store.ts';
import { sharedSizes } from '../../images/shared-sizes.ts';
import { readSnapshotUsers, type SnapshotUsers } from '../../images/snapshot-users.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { type Digest, digestHex, parseDiffId } from '../../spec/digest.ts';
import type { Store } from '../../store/store.ts';
import { reconcileContainers } from '../containers/state/reconcile.ts';
import { definitionOf, stateOf } from '../containers/state/state.ts';
import { imageNames } from '../docker/image-names.ts';
import { measureStoreFiles, type StoreFiles } from './store-files.ts';
import type { ContainerUsage, DiskUsage, UsageRow } from './usage-types.ts';

/** Measures every file of the store, by kind of content. */
export async function diskUsage(store: Store, options: AbortOptions): Promise<DiskUsage> {
  await reconcileContainers(store, options);
  const { layout, metadata, content } = store;
  const files = await measureStoreFiles(layout, options);
  return metadata.db.read(() => usageOf(files, metadata, content));
}

/** Counts every file for the object that uses it, in one state of the store. */
function usageOf(files: StoreFiles, metadata: Metadata, content: LocalContentStore): DiskUsage {
  const users = readSnapshotUsers(metadata);
  const snapshots = new Claims(files.snapshots);
  const containerList = containersOf(metadata, files, snapshots);
  const usedImages = new Set(containerList.flatMap(({ imageId }) => imageId ?? []));
  const images = imagesRow(metadata, { files, users, snapshots, usedImages });
  const sizeOf = (id: string): number => files.snapshots.get(id) ?? 0;
  const entries = listCacheEntries(metadata, users);
  const cachedSteps = entries.map((entry) => toCachedStep(entry, sizeOf));
  const busy = entries.filter(({ record }) => record.inUse);
  const busyBytes = snapshots.take(busy.flatMap((entry) => entry.snapshots));
  const idleBytes = snapshots.take(entries.flatMap((entry) => entry.snapshots));
  const buildCache = {
    total: entries.length,
    active: busy.length,
    sizeBytes: busyBytes + idleBytes,
    reclaimableBytes: idleBytes,
  };
  const containers = containersRow(containerList);
  const volumes = { total: 0, active: 0, sizeBytes: files.volumes, reclaimableBytes: 0 };
  const blobs = blobsRow(metadata, files, usedImages);
  const transfers = transfersRow(metadata, files, content);
  const named = [images, containers, volumes, buildCache, blobs, transfers];
  const totalBytes = totalOf(files);
  const otherBytes = totalBytes - named.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  const other = { total: snapshots.count + 1, active: 1, sizeBytes: otherBytes, reclaimableBytes: files.trash };
  return {
    images,
    containers,
    volumes,
    buildCache,
    blobs,
    transfers,
    other,
    totalBytes,
    sharing: sharedSizes(metadata),
    containerList,
    cachedSteps,
  };
}

const sum = (sizes: Iterable<number>): number => Iterator.from(sizes).reduce((total, size) => total + size, 0);

const totalOf = (files: StoreFiles): number =>
  sum(files.snapshots.values()) +
  sum(files.indexes.values()) +
  sum(files.containers.values()) +
  sum(files.blobs.values()) +
  sum(files.ingests.values()) +
  files.volumes +
  files.trash +
  files.rest;

/** Bytes by key, each counted once. */
class Claims {
  readonly #left: Map<string, number>;

  constructor(sizes: ReadonlyMap<string, number>) {
    this.#left = new Map(sizes);
  }

  /** Number of keys not taken yet. */
  get count(): number {
    return this.#left.size;
  }

  take(keys: Iterable<string>): number {
    let bytes = 0;
    for (const key of keys) {
      bytes += this.#left.get(key) ?? 0;
      this.#left.delete(key);
    }
    return bytes;
  }
}

function containersOf(metadata: Metadata, files: StoreFiles, snapshots: Claims): ContainerUsage[] {
  const now = Date.now();
  const imageOf = imageNames(metadata);
  return metadata.containers.list().map((record) => {
    const { config } = definitionOf(record);
    const { snapshotId } = record;
    return {
      id: record.id,
      name: record.name,
      image: imageOf(record),
      imageId: record.imageId,
      status: dockerStatus(stateOf(record)),
      statusText: statusText(stateOf(record), now),
      command: [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])],
      createdAt: new Date(record.createdAt),
      sizeBytes: (snapshotId === undefined ? 0 : snapshots.take([snapshotId])) + (files.containers.get(record.id) ?? 0),
    };
  });
}

function containersRow(list: readonly ContainerUsage[]): UsageRow {
  const running = list.filter(({ status }) => status === 'running');
  const sizeBytes = sum(list.map((each) => each.sizeBytes));
  const runningBytes = sum(running.map((each) => each.sizeBytes));
  return { total: list.length, active: running.length, sizeBytes, reclaimableBytes: sizeBytes - runningBytes };
}

interface ImageClaims {
  readonly files: StoreFiles;
  readonly users: SnapshotUsers;
  readonly snapshots: Claims;
  readonly usedImages: ReadonlySet<Digest>;
}

function imagesRow(metadata: Metadata, parts: ImageClaims): UsageRow {
  const { files, users, snapshots, usedImages } = parts;
  const indexes = new Claims(files.indexes);
  const claim = (id: Digest, below: ReadonlySet<string>): number =>
    snapshots.take(below) +
    indexes.take(metadata.images.layersOf(id).map(({ diffId }) => `${digestHex(parseDiffId(diffId))}.idx`));
  const all = [...users.ofImages];
  const used = all.filter(([id]) => usedImages.has(id));
  // Images in use first: layers they share with others are not reclaimable.
  const usedBytes = sum(used.map(([id, below]) => claim(id, below)));
  const reclaimableBytes = sum(all.map(([id, below]) => claim(id, below)));
  return { total: all.length, active: used.length, sizeBytes: usedBytes + reclaimableBytes, reclaimableBytes };
}

function blobsRow({ objects, images }: Metadata, files: StoreFiles, usedImages: ReadonlySet<Digest>): UsageRow {
  const blobs = new Claims(files.blobs);
  const used = images.list().filter(({ id }) => usedImages.has(id));
  const holders = used.flatMap((image) => [
    { kind: 'image' as const, key: image.id },
    ...images.layersOf(image.id).map(({ diffId }) => ({ kind: 'layer' as const, key: diffId })),
    ...image.targets.map((target) => ({ kind: 'target' as const, key: target })),
  ]);
  const held = holders.flatMap((holder) => objects.linksOf(holder)).filter(({ kind }) => kind === 'blob');
  const before = blobs.count;
  const usedBytes = blobs.take(held.map(({ key }) => key));
  const sizeBytes = sum(files.blobs.values());
  return { total: before, active: before - blobs.count, sizeBytes, reclaimableBytes: sizeBytes - usedBytes };
}

function transfersRow({ transfers }: Metadata, files: StoreFiles, content: LocalContentStore): UsageRow {
  const ingests = new Claims(files.ingests);
  const refs = transfers.list().map(({ ref }) => ref);
  const active = refs.filter((ref) => content.isBeingWritten(ref));
  const activeBytes = ingests.take(active.map((ref) => content.ingestName(ref)));
  const reclaimableBytes = ingests.take(refs.map((ref) => content.ingestName(ref)));
  return { total: refs.length, active: active.length, sizeBytes: activeBytes + reclaimableBytes, reclaimableBytes };
}
