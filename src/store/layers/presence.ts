import { StrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { LayerRecord, Layers } from '../../metadata/layers.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { type DiffId, type Digest, parseDigest } from '../../spec/digest.ts';
import { isParentDependent } from './parent-dependent.ts';

/** One blob of a layer, such as the one that a manifest names; that of the diffID's digest is the bare tar. */
export interface WantedBlob {
  readonly diffId: DiffId;
  readonly digest: Digest;
  /** With the layer's files; undefined when they are not unpacked for the driver in use. */
  readonly snapshotId?: string | undefined;
}

/** Where the bytes of a layer's blob are to be had from. */
export type Presence =
  /** They are in the store, in this blob: the wanted one, or a compressed one of which the wanted tar comes out. */
  | { readonly state: 'present'; readonly digest: Digest }
  /** They are a tar that can be made again from the layer's index and the files of this snapshot. */
  | { readonly state: 'remakeable'; readonly snapshotId: string }
  /** The store knows that the blob is this layer, and has to get it from elsewhere. */
  | { readonly state: 'remote' }
  /** Nothing is known of them. */
  | { readonly state: 'absent' };

type PresenceRecords = Pick<Metadata, 'objects' | 'layers' | 'snapshots'>;

/**
 * Decides where a blob is to be had from, the cheapest way first:
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

/** {@link presenceOf}, in one transaction with the pins that keep what it finds for as long as the lease. */
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

/** Whether the files of this snapshot give the exact tar back: not so where others lie below than the layer's index is of. */
export const isRemakeable = (
  layer: Pick<LayerRecord, 'remakeable'>,
  snapshot: Parameters<typeof isParentDependent>[0],
): boolean => layer.remakeable && !isParentDependent(snapshot);

/** Whether the store knows that this blob is this layer. */
export const isBlobOf = (layers: Pick<Layers, 'blobsOf'>, diffId: DiffId, digest: Digest): boolean =>
  parseDigest(diffId) === digest || layers.blobsOf(diffId).some((blob) => blob.digest === digest);

export const layerAbsent = (diffId: DiffId): StrataError =>
  new StrataError({
    code: 'ERR_LAYER_ABSENT',
    message: `layer ${diffId}: neither its blob nor its files are in the store`,
    hint: 'Load or build the image again, with the storage driver in use now.',
  });
