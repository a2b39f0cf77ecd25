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
  /** Where the index is written, under a temporary name that begins with `indexName`. */
  readonly indexFolder: string;
  readonly indexName: string;
  /** What the layer is made of is a copy of the overlay layer, which is made on the way. */
  readonly copy?: CopyRequest | undefined;
}

export interface DiffResult {
  readonly layer: AppliedLayer;
  readonly temporaryIndex: string;
}

/**
 * Makes a layer of what has changed: its archive in chunks, in one pass over the files, and in the end its names and
 * sizes and a finished index.
 * @throws ERR_LAYER_SOURCE_CHANGED, ERR_LAYER_DIFF_INDIRECT, ERR_TAR_UNENCODABLE
 */
export function* diffTree(
  { tree, indexFolder, indexName, copy }: DiffJob,
  options: ChunksOptions & { readonly check?: () => void } = {},
): Generator<Uint8Array, DiffResult> {
  using upper = new OpenDirectories(tree.upperDir);
  using copier = copy && new ChangeCopier(copy, markOf(tree), options.check ?? (() => {}));
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

/** Yields what an archive of the tree has to say, without a root that says nothing. */
export function* changesOf(
  tree: ChangedTree,
  upper: OpenDirectories,
  { warn = () => {}, copier }: ChangesOptions = {},
): Generator<DiffChange | KnownEntry, void> {
  const lowerDir = tree.kind === 'overlay' ? tree.lowerDirs[0] : tree.lowerDir;
  using lower = lowerDir === undefined ? undefined : new OpenDirectories(lowerDir);
  const keepsRoot = isUsualRoot(upper, lower);
  const amendedDir = tree.kind === 'overlay' ? tree.amendedDir : undefined;
  using amended = amendedDir === undefined ? undefined : new OpenDirectories(amendedDir);
  const known = tree.kind === 'overlay' ? tree.amendedIndex : undefined;
  if (amended && known !== undefined) {
    using index = LayerIndex.open(known);
    for (const change of mergeAmendments(overlayChanges([upper], markOf(tree), warn), amended, index)) {
      if (change.path.length > 0 || !keepsRoot) yield change;
    }
    return;
  }
  const changes =
    tree.kind === 'overlay'
      ? overlayChanges(amended ? [upper, amended] : [upper], markOf(tree), warn)
      : treeChanges(upper, lower, warn);
  for (const change of copier?.copied(changes) ?? changes) if (change.path.length > 0 || !keepsRoot) yield change;
}

const markOf = (tree: ChangedTree): string => opaqueAttribute(tree.kind === 'overlay' && tree.rootless === true);
