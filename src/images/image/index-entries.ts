import type { LayerIndex } from '../../layer/index-file/layer-index.ts';
import { IndexTable } from '../../layer/merged/index-table.ts';
import { entryOfArchive, entryOfRecord, type LayerEntry } from '../../layer/merged/layer-entry.ts';
import type { LayerTable } from '../../layer/merged/layer-table.ts';
import { MergedLayers } from '../../layer/merged/merged-layers.ts';
import type { SnapshotRecord } from '../../ledger/types.ts';
import { fitsChain } from '../../store/layers/parent-dependent.ts';
import { noFileEntry } from './failures.ts';

/** Lists the entries of a layer under their own paths, as its tar does. */
export function* indexEntries(index: LayerIndex): Generator<LayerEntry, void> {
  for (const record of index.records()) {
    const entry = entryOfArchive(record, record.ordinal);
    if (entry !== undefined) yield entry;
  }
}

/**
 * Returns the number of the entry that has the content of `ordinal`: itself, or the target of a hardlink. Closes the
 * index.
 * @throws ERR_FILE_KIND, ERR_LAYER_LINK_MISSING
 */
export function contentOrdinal(index: LayerIndex, ordinal: number): number {
  using layer = new MergedLayers([new IndexTable(index)]);
  const record = index.record(ordinal);
  const entry = record && entryOfRecord(record);
  if (entry === undefined) throw noFileEntry(ordinal, undefined);
  const { kind, source } = layer.toFile(entry.path, { layer: 0, entry });
  if (kind !== 'file' || source === undefined) throw noFileEntry(ordinal, entry);
  return source.ordinal;
}

/**
 * Returns the table of a layer if its index holds there: without a layer below, or when the layer is unpacked on those
 * below. Otherwise closes the index and returns undefined: a directory on the way may be a symlink in a layer below.
 */
export function indexTable(
  index: LayerIndex,
  { isBase, snapshot }: { readonly isBase: boolean; readonly snapshot: Pick<SnapshotRecord, 'labels'> | undefined },
): LayerTable | undefined {
  const fits = snapshot === undefined ? isBase && !index.summary.parentDependent : fitsChain(index, snapshot);
  if (fits) return new IndexTable(index);
  index[Symbol.dispose]();
  return undefined;
}
