import { readTar, type TarMember } from '../../archive/index.ts';
import { entryOfArchive, type LayerEntry } from '../../layer/merged/layer-entry.ts';
import { MemoryTable } from '../../layer/merged/memory-table.ts';
import { MergedLayers } from '../../layer/merged/merged-layers.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { noFileEntry } from './failures.ts';
import type { ContentOptions, Layer } from './image.ts';

/** Lists the entries of a layer that has only a tar, without an index. */
export async function* tarEntries(layer: Pick<Layer, 'tar'>, options: AbortOptions): AsyncGenerator<LayerEntry, void> {
  for await (const { found } of members(layer, options)) if (found !== undefined) yield found;
}

/**
 * Returns the content of a file in such a layer, by the number of its entry; the tar is read up to it.
 * @throws ERR_FILE_KIND, ERR_LAYER_LINK_MISSING, and what reading the tar throws
 */
export async function* tarContent(
  layer: Pick<Layer, 'tar'>,
  ordinal: number,
  options: ContentOptions,
): AsyncGenerator<Uint8Array, void> {
  for await (const { member, found, number } of members(layer, options)) {
    if (number < ordinal) continue;
    if (found?.kind === 'hardlink') return yield* tarContent(layer, await linkTargetOf(layer, found, options), options);
    if (found?.kind !== 'file') throw noFileEntry(ordinal, found);
    for await (const chunk of options.stored === true ? member.stored : member.body) yield chunk.slice();
    return;
  }
  throw noFileEntry(ordinal, undefined);
}

/**
 * Returns the number of the entry that has the content of a hardlink. Throws ERR_LAYER_LINK_MISSING when it is not in
 * this layer.
 */
export async function linkTargetOf(
  layer: Pick<Layer, 'tar'>,
  link: LayerEntry,
  options: AbortOptions,
): Promise<number> {
  const table = new MemoryTable(new MergedLayers([]));
  for await (const entry of tarEntries(layer, options)) table.add(entry);
  return new MergedLayers([table]).toFile(link.path, { layer: 0, entry: link }).source?.ordinal ?? -1;
}

interface NumberedMember {
  readonly member: TarMember;
  readonly found: LayerEntry | undefined;
  readonly number: number;
}

async function* members(layer: Pick<Layer, 'tar'>, options: AbortOptions): AsyncGenerator<NumberedMember, void> {
  let number = 0;
  for await (const member of readTar(layer.tar(options), options)) {
    const { entry } = member;
    yield { member, found: entryOfArchive({ ...entry, kind: entry.type }, number), number };
    number++;
  }
}
