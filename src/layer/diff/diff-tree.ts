import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type DiffId, type Digest, digestFromHex } from '../../spec/digest.ts';
import type { ChunksOptions } from '../chunks.ts';
import { IndexWriter } from '../index-file/index-writer.ts';
import { LayerIndex } from '../index-file/layer-index.ts';
import { OpenDirectories } from '../open-directories.ts';
import { opaqueAttribute } from '../overlay-form.ts';
import type { AppliedLayer } from '../types.ts';
import type { ChangedTree, DiffChange, Warn } from './change.ts';
import { ChangeArchiver } from './change-archiver.ts';
import { ChangeCopier, type CopyRequest } from './change-copier.ts';
import { isUsualRoot } from './is-usual-root.ts';
import { type KnownEntry, mergeAmendments } from './merge-amendments.ts';
import { overlayChanges } from './overlay-changes.ts';
import { treeChanges } from './tree-changes.ts';

export interface DiffJob {
  readonly tree: ChangedTree;
  /** Folder in which the index is written, under a temporary name that begins with `indexName`. */
  readonly indexFolder: string;
  readonly indexName: string;
  /** Copies the overlay layer on the way; the layer is then made of the copy. */
  readonly copy?: CopyRequest | undefined;
}

export interface DiffResult {
  readonly layer: AppliedLayer;
  readonly temporaryIndex: string;
}

/**
 * Makes a layer of the changes of a tree, in one pass over the files: yields its archive in chunks; returns its digests,
 * its sizes and a finished index.
 * @throws ERR_LAYER_SOURCE_CHANGED, ERR_LAYER_DIFF_INDIRECT, ERR_TAR_UNENCODABLE
 */
export function* diffTree(
  { tree, indexFolder, indexName, copy }: DiffJob,
  options: ChunksOptions & { readonly check?: () => void } = {},
): Generator<Uint8Array, DiffResult> {
  using upper = new OpenDirectories(tree.upperDir);
  using copier = copy && new ChangeCopier(copy, opaqueAttributeOf(tree), options.check ?? (() => {}));
  using index = new IndexWriter(join(indexFolder, indexName));
  const archiver = new ChangeArchiver(index, options);
  const hash = createHash('sha256');
  const warnings: string[] = [];
  let tarSizeBytes = 0;
  for (const chunk of archiver.archive(changesOf(tree, upper, { warn: (warning) => warnings.push(warning), copier }))) {
    tarSizeBytes += chunk.length;
    hash.update(chunk);
    yield chunk;
  }
  const digest: Digest = digestFromHex('sha256', hash.digest('hex'));
  const diffId = digest as string as DiffId;
  const { sizeBytes } = archiver;
  const summary = index.finish({ diffId, tarSizeBytes, sizeBytes, parentDependent: false });
  return {
    layer: { ...summary, digest, compression: 'none', warnings: [...warnings, ...(copier?.warnings ?? [])] },
    temporaryIndex: index.detach(),
  };
}

interface ChangesOptions {
  readonly warn?: Warn;
  readonly copier?: ChangeCopier | undefined;
}

/** Yields the changes to archive for a tree, without a root that has no change. */
export function* changesOf(
  tree: ChangedTree,
  upper: OpenDirectories,
  { warn = () => {}, copier }: ChangesOptions = {},
): Generator<DiffChange | KnownEntry, void> {
  const lowerDir = tree.kind === 'overlay' ? tree.lowerDirs[0] : tree.lowerDir;
  using lower = lowerDir === undefined ? undefined : new OpenDirectories(lowerDir);
  const hasUsualRoot = isUsualRoot(upper, lower);
  const amendedDir = tree.kind === 'overlay' ? tree.amendedDir : undefined;
  using amended = amendedDir === undefined ? undefined : new OpenDirectories(amendedDir);
  const known = tree.kind === 'overlay' ? tree.amendedIndex : undefined;
  if (amended && known !== undefined) {
    using index = LayerIndex.open(known);
    for (const change of mergeAmendments(overlayChanges([upper], opaqueAttributeOf(tree), warn), amended, index)) {
      if (change.path.length > 0 || !hasUsualRoot) yield change;
    }
    return;
  }
  const changes =
    tree.kind === 'overlay'
      ? overlayChanges(amended ? [upper, amended] : [upper], opaqueAttributeOf(tree), warn)
      : treeChanges(upper, lower, warn);
  for (const change of copier?.copy(changes) ?? changes) if (change.path.length > 0 || !hasUsualRoot) yield change;
}

const opaqueAttributeOf = (tree: ChangedTree): string =>
  opaqueAttribute(tree.kind === 'overlay' && tree.rootless === true);
