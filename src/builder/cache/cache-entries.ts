import type { SnapshotUsers } from '../../images/snapshot-users.ts';
import type { SnapshotRecord } from '../../ledger/types.ts';
import type { BuildRecord } from '../../metadata/build-records.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { type DiffId, parseDiffId } from '../../spec/digest.ts';
import { diffIdLabel } from '../../store/layers/diff-id-label.ts';
import { readResult } from './cached-result.ts';

/** A result of a build step that later builds may use. */
export interface CachedStep {
  /** Key of the step, 64 hex digits. */
  readonly id: string;
  /** The step's name in the progress of a build. */
  readonly description: string;
  /** Inputs in its key: the step below, and the source of a copy. */
  readonly inputs: readonly CachedInput[];
  /** Layers made of its result. Empty for a step of a stage that no image builds on. */
  readonly layers: readonly DiffId[];
  /** Allocated blocks that the step alone adds, in bytes. */
  readonly sizeBytes: number;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly useCount: number;
  /** True while a running operation uses it. */
  readonly inUse: boolean;
  /** True when an image has the same files, so that removing the record frees nothing. */
  readonly shared: boolean;
}

/** An input of a step: the filesystem below, or the source of a copy. */
export interface CachedInput {
  /** `id` of the step; undefined for an image. */
  readonly id: string | undefined;
  /** Name of its files, the same for equal ones: `chain:<chainID>` for an image's, `scratch` for no files. */
  readonly identity: string;
}

/** A record with its snapshots and their layers. */
export interface CacheEntry {
  readonly record: BuildRecord;
  readonly snapshots: readonly string[];
  readonly layers: readonly DiffId[];
  readonly shared: boolean;
}

/** Lists the build cache, least recently used first. */
export function listCacheEntries(
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

/** Converts a cache entry for users; `sizeOf` returns the bytes of a snapshot. */
export function toCachedStep(
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
