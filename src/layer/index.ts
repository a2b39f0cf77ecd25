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
export type { IndexSummary } from './index-file/format.ts';
export type { PlaceEntry } from './index-file/place-block.ts';
export type { PlacedRecord } from './index-file/reader.ts';
export { LayerIndex } from './index-file/reader.ts';
export type { BodySource, LayerRecord, RawSpan, RecordFields, RecordKind } from './index-file/record.ts';
export type { LayerChange } from './inside/changes-of-layer.ts';
export type { LayerEntry, LayerEntryKind } from './inside/layer-entry.ts';
export type { LayerTable } from './inside/layer-table.ts';
export type { EntryPlace, MergedFile, MergedFileKind } from './inside/merged-file.ts';
export { type BlobFile, type ReceiveOptions, type Reception, receiveBlob } from './receive-blob.ts';
export type { LayerFiles } from './record-body.ts';
export { remakeLayer } from './remake.ts';
export type {
  AppliedLayer,
  ApplyChainRequest,
  ApplyOntoRequest,
  Coming,
  LayerProgress,
  LayerSource,
} from './types.ts';
export { verifyIndex, verifyLayer } from './verify-layer.ts';
