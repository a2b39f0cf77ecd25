import { existsSync } from 'node:fs';
import { isStrataError } from '../../errors/index.ts';
import { verifyIndex, verifyLayer } from '../../layer/index.ts';
import type { LayerFiles } from '../../layer/record-body.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Reporter } from '../../lib/work-control.ts';
import type { LayerRecord } from '../../metadata/layers.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { type DiffId, parseDigest } from '../../spec/digest.ts';
import { isRemakeable, presenceOf } from '../../store/layers/presence.ts';
import type { OpenLayerFiles } from '../../store/layers/types.ts';
import { describeReadFault } from '../../sys/describe-read-fault.ts';
import { errnoOf } from '../../sys/errno.ts';
import { confirm } from './confirm.ts';
import type { Checked, Damage, Hold } from './types.ts';

export interface LayerCheckInput {
  readonly metadata: Metadata;
  readonly indexPath: (diffId: DiffId) => string;
  /** Returns the snapshots with the layer's files that images use. */
  readonly snapshotsOf: (diffId: DiffId) => readonly string[];
  /** Opens the files of the layer. Throws ERR_SNAPSHOT_DAMAGED, ERR_SNAPSHOT_NOT_FOUND. */
  readonly filesOf: (snapshotId: string) => Promise<OpenLayerFiles>;
  readonly hold: Hold;
}

/**
 * Makes every layer's tar again from its index and its files, and compares the hash. Reads every file of every layer.
 */
export async function checkLayers(
  input: LayerCheckInput,
  report: Reporter<Checked>,
  options: AbortOptions,
): Promise<Damage[]> {
  const damages: Damage[] = [];
  for (const record of input.metadata.layers.list()) {
    const layer = { kind: 'layer', key: record.diffId } as const;
    const problems = await confirm(layer, input.hold, () => problemsOf(input, record, options));
    damages.push(...problems.map((problem) => ({ ...layer, problem })));
    report({ ...layer, damaged: problems.length > 0 });
  }
  return damages;
}

async function problemsOf(input: LayerCheckInput, record: LayerRecord, options: AbortOptions): Promise<string[]> {
  const { diffId } = record;
  const path = input.indexPath(diffId);
  if (!existsSync(path)) return ['its index is missing'];
  try {
    if ((await verifyIndex(path, options)) !== diffId) return ['its index is of another layer'];
    if (!record.remakeable) return blobProblems(input, diffId);
    const problems: string[] = [];
    for (const id of input.snapshotsOf(diffId)) {
      const snapshot = input.metadata.snapshots.get(id);
      if (snapshot === undefined) continue;
      if (isRemakeable(record, snapshot)) problems.push(...(await treeProblems(input, path, id, options)));
      else problems.push(...blobProblems(input, diffId));
    }
    return [...new Set(problems)];
  } catch (error) {
    if (isStrataError(error) && error.kind === 'corrupt') return [`its index is damaged: ${error.message}`];
    return [`its index or one of its files ${describeReadFault(error)}`];
  }
}

async function treeProblems(
  { metadata, filesOf }: LayerCheckInput,
  indexPath: string,
  id: string,
  options: AbortOptions,
): Promise<string[]> {
  let opened: OpenLayerFiles;
  try {
    opened = await filesOf(id);
  } catch (error) {
    if (isStrataError(error, 'ERR_SNAPSHOT_NOT_FOUND')) return [];
    if (isStrataError(error, 'ERR_SNAPSHOT_DAMAGED')) return [`its files in snapshot ${id} are missing`];
    throw error;
  }
  await using held = opened;
  if (await matchesIndex(indexPath, held.files, options)) return [];
  return metadata.snapshots.get(id) === undefined ? [] : [`its files in snapshot ${id} have changed`];
}

async function matchesIndex(indexPath: string, files: LayerFiles, options: AbortOptions): Promise<boolean> {
  try {
    return await verifyLayer(indexPath, files, options);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Checks the blob of a layer that cannot be made again. */
function blobProblems({ metadata }: LayerCheckInput, diffId: DiffId): string[] {
  const { state } = presenceOf(metadata, { diffId, digest: parseDigest(diffId) });
  return state === 'present' ? [] : ['it cannot be made again and its blob is missing'];
}
