import type { SnapshotUsers } from '../../images/snapshot-users.ts';
import type { SnapshotRecord } from '../../ledger/types.ts';
import type { BuildRecord } from '../../metadata/build-records.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { type DiffId, parseDiffId } from '../../spec/digest.ts';
import { diffIdLabel } from '../../store/layers/diff-id-label.ts';
import { readResult } from './cached-result.ts';

/** One result of a build step that later builds may take. */
export interface CachedStep {
  /** Of the step's key, 64 hex digits. */
  readonly id: string;
  /** The step, as a build shows it. */
  readonly description: string;
  /** What its key was made of: the step below, and what it copies from. */
  readonly inputs: readonly CachedInput[];
  /** Layers made of its result. None for a step of a stage that no image stands on. */
  readonly layers: readonly DiffId[];
  /** Allocated blocks of what the step alone adds. */
  readonly sizeBytes: number;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly useCount: number;
  /** A running operation works with it. */
  readonly inUse: boolean;
  /** An image stands on the same files, so that removing the record frees nothing. */
  readonly shared: boolean;
}

/** Something that a step stands on, or copies from. */
export interface CachedInput {
  /** Of a step; undefined for an image. */
  readonly id: string | undefined;
  /** Names its files: equal ones have the same. `chain:<chainID>` for an image's, `scratch` for none. */
  readonly identity: string;
}

/** A record with the snapshots it leads to. */
export interface CacheEntry {
  readonly record: BuildRecord;
  readonly snapshots: readonly string[];
  readonly layers: readonly DiffId[];
  readonly shared: boolean;
}

/** The build cache, least recently used first. */
export function cacheEntries(
  { builds, objects, snapshots: ledger }: Metadata,
  { ofAnyImage }: SnapshotUsers,
): CacheEntry[] {
  return builds.list().map((record) => {
    const links = objects.linksOf({ kind: 'build', key: record.id });
    const snapshots = links.filter(({ kind }) => kind === 'snapshot').map(({ key }) => key);
    const layers = snapshots.flatMap((id) => layerOf(ledger.get(id)) ?? []);
    return { record, snapshots, layers, shared: snapshots.length > 0 && snapshots.every((id) => ofAnyImage.has(id)) };
  });
}

/** A cache entry as users see it; `sizeOf` gives the bytes of a snapshot. */
export function cachedStep(
  { record, snapshots, layers, shared }: CacheEntry,
  sizeOf: (id: string) => number,
): CachedStep {
  return {
    id: idOf(record.key),
    description: record.description,
    inputs: (readResult(record.result)?.inputs ?? []).map(({ key, identity }) => ({ id: key && idOf(key), identity })),
    layers,
    sizeBytes: snapshots.reduce((total, id) => total + sizeOf(id), 0),
    createdAt: new Date(record.createdAt),
    lastUsedAt: new Date(record.lastUsedAt),
    useCount: record.useCount,
    inUse: record.inUse,
    shared,
  };
}

const idOf = (key: string): string => key.slice(key.indexOf(':') + 1);

function layerOf(snapshot: SnapshotRecord | undefined): DiffId | undefined {
  const label = snapshot?.labels[diffIdLabel];
  return label === undefined ? undefined : parseDiffId(label);
}
