import { StrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { LayerRecord, Layers } from '../../metadata/layers.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { type DiffId, type Digest, parseDigest } from '../../spec/digest.ts';
import { isParentDependent } from './parent-dependent.ts';

/**
 * A blob of a layer, such as the one that a manifest names. It is the uncompressed tar when its digest is the diffID.
 */
export interface WantedBlob {
  readonly diffId: DiffId;
  readonly digest: Digest;
  /** Snapshot with the layer's files; undefined when they are not unpacked for the driver in use. */
  readonly snapshotId?: string | undefined;
}

/** The source from which the bytes of a layer's blob are available. */
export type Presence =
  /** This blob of the store: the wanted one, or a compressed one that contains the wanted tar. */
  | { readonly state: 'present'; readonly digest: Digest }
  /** The tar can be made again from the layer's index and the files of this snapshot. */
  | { readonly state: 'remakeable'; readonly snapshotId: string }
  /** The store knows that the blob is this layer, but does not have it. */
  | { readonly state: 'remote' }
  /** The store knows nothing about the blob. */
  | { readonly state: 'absent' };

type PresenceRecords = Pick<Metadata, 'objects' | 'layers' | 'snapshots'>;

/**
 * Decides from where a blob is available, the cheapest source first:
 *
 * | what is recorded | tar | other blob |
 * |---|---|---|
 * | the blob | present | present |
 * | index, and files that fit it | remakeable | |
 * | a compressed blob of the layer | present | |
 * | only that it is this layer | remote | remote |
 * | nothing | absent | absent |
 */
export function presenceOf(records: PresenceRecords, { diffId, digest, snapshotId }: WantedBlob): Presence {
  const { objects, layers, snapshots } = records;
  if (objects.isPresent('blob', digest)) return { state: 'present', digest };
  const layer = layers.get(diffId);
  if (layer === undefined || !isBlobOf(layers, diffId, digest)) return { state: 'absent' };
  if (digest === parseDigest(diffId)) {
    const snapshot = snapshotId === undefined ? undefined : snapshots.get(snapshotId);
    if (snapshot !== undefined && isRemakeable(layer, snapshot))
      return { state: 'remakeable', snapshotId: snapshot.id };
    const compressed = layers.blobsOf(diffId).find((blob) => objects.isPresent('blob', blob.digest));
    if (compressed !== undefined) return { state: 'present', digest: compressed.digest };
  }
  return { state: 'remote' };
}

/** Calls {@link presenceOf} and pins the objects it finds to the lease, in one transaction. */
export async function pinPresence(
  records: PresenceRecords,
  wanted: WantedBlob,
  { lease, signal }: AbortOptions & { readonly lease: StoreLease },
): Promise<Presence> {
  return await lease.withPins(
    (pin) => {
      const presence = presenceOf(records, wanted);
      if (presence.state === 'present') pin('blob', presence.digest);
      if (presence.state === 'remakeable') pin('layer', wanted.diffId);
      return presence;
    },
    { signal },
  );
}

/** True when the exact tar can be made from the files of this snapshot: the index fits the layers below it. */
export const isRemakeable = (
  layer: Pick<LayerRecord, 'remakeable'>,
  snapshot: Parameters<typeof isParentDependent>[0],
): boolean => layer.remakeable && !isParentDependent(snapshot);

/** True when the store knows that this blob is this layer. */
export const isBlobOf = (layers: Pick<Layers, 'blobsOf'>, diffId: DiffId, digest: Digest): boolean =>
  parseDigest(diffId) === digest || layers.blobsOf(diffId).some((blob) => blob.digest === digest);

/** The error for a layer whose bytes are not available. */
export const layerAbsent = (diffId: DiffId): StrataError =>
  new StrataError({
    code: 'ERR_LAYER_ABSENT',
    message: `layer ${diffId}: neither its blob nor its files are in the store`,
    hint: 'Load or build the image again, with the storage driver in use now.',
  });
