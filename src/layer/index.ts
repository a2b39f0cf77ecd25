/**
 * Layers: unpacking them for overlayfs or into complete trees, making them of the changes of a tree, and the layer index,
 * which with the tree gives the layer's exact tar again.
 *
 * ```ts
 * import { statSync } from 'node:fs';
 * import { applyChain, diffLayer, LayerIndex, remakeLayer } from 'strata-oci/layer';
 *
 * // Unpacks a layer into a directory of its own, for overlayfs, and writes its index.
 * const source = { blobPath: 'layer.tar.gz', sizeBytes: statSync('layer.tar.gz').size };
 * const layers = [{ source, ownDir: '/data/base', indexPath: '/data/base.index' }];
 * const [base] = await applyChain({ layers, lowerDirs: [] });
 * console.log(base?.diffId, base?.entries);
 *
 * // Makes a layer of the changes in an upper directory, then its tar.
 * const changes = await diffLayer({
 *   tree: { kind: 'overlay', upperDir: '/data/upper', lowerDirs: ['/data/base'] },
 *   indexFolder: '/data',
 *   indexPath: (diffId) => `/data/${diffId}`,
 * });
 * using index = LayerIndex.open(`/data/${changes.diffId}`);
 * for await (const chunk of remakeLayer(index, '/data/upper')) process.stdout.write(chunk);
 * ```
 *
 * @module
 */
export type { AbortOptions } from '../lib/abort.ts';
export { Growth } from '../lib/growth.ts';
export { applyChain } from './apply/apply-chain.ts';
export { applyOnto } from './apply/apply-onto.ts';
export { chainIds, nextChainId } from './chain-id.ts';
export type { ChunksOptions } from './chunks.ts';
export type { ChangedTree } from './diff/change.ts';
export type { CopyRequest } from './diff/change-copier.ts';
export { type DiffLayerRequest, diffLayer } from './diff/diff-layer.ts';
export { type ListedChange, listChanges } from './diff/list-changes.ts';
export type { BodySource, EntryRecord, RawSpan, RecordFields, RecordKind } from './index-file/entry-record.ts';
export type { IndexSummary } from './index-file/format.ts';
export type { RecordSpan } from './index-file/layer-index.ts';
export { LayerIndex } from './index-file/layer-index.ts';
export type { PathEntry } from './index-file/path-block.ts';
export type { LayerEntry, LayerEntryKind } from './merged/layer-entry.ts';
export type { LayerTable } from './merged/layer-table.ts';
export type { LayerChange } from './merged/list-layer-changes.ts';
export type { EntryPosition, MergedFile, MergedFileKind } from './merged/merged-file.ts';
export { type BlobFile, type ReceiveOptions, type Reception, receiveBlob } from './receive-blob.ts';
export type { LayerFiles } from './record-body.ts';
export { remakeLayer } from './remake.ts';
export type {
  AppliedLayer,
  ApplyChainRequest,
  ApplyOntoRequest,
  LayerProgress,
  LayerSource,
  StreamingBlob,
} from './types.ts';
export { verifyIndex, verifyLayer } from './verify-layer.ts';
