import { setImmediate } from 'node:timers/promises';
import type { LayerTable } from '../../layer/merged/layer-table.ts';
import { type LayerChange, listLayerChanges } from '../../layer/merged/list-layer-changes.ts';
import { MemoryTable } from '../../layer/merged/memory-table.ts';
import type { MergedFile } from '../../layer/merged/merged-file.ts';
import { MergedLayers } from '../../layer/merged/merged-layers.ts';
import { nameOf } from '../../layer/tree-path.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { utf8 } from '../../lib/bytes.ts';
import { archiveMerged } from './archive-merged.ts';
import { fileTooLarge, noRegularFile, noSuchFile, noSuchLayer, noSuchLayers } from './failures.ts';
import type {
  ContentOptions,
  FileOptions,
  Layer,
  ListFilesOptions,
  LookInsideOptions,
  ReadFileOptions,
  TarOptions,
} from './image.ts';

const defaultMaxBytes = 64 << 20;
// A listing never waits by itself, so it yields to the event loop now and then.
const filesAtOnce = 512;

/** See `Image.files`. */
export async function* listFiles(
  layers: readonly Layer[],
  { path = '/', recursive = true, ...options }: ListFilesOptions,
): AsyncGenerator<MergedFile, void> {
  using view = await openView(layers, options);
  const listed = findListed(view, path, options.layers);
  yield* paceItems(view.list(listed.path, { recursive }), options);
}

/** Finds the file to list as `ls` does: follows a symlink to a directory, and lists any other symlink itself. */
function findListed(view: MergedLayers, path: string | Uint8Array, layers: number | undefined): MergedFile {
  const itself = resolveFile(view, path, { followLink: false, layers });
  if (itself.kind !== 'symlink') return itself;
  const behind = view.resolve(bytesOf(path), { followLast: true });
  return typeof behind !== 'string' && behind.kind === 'directory' ? behind : itself;
}

/** See `Image.file`. */
export async function findFile(
  layers: readonly Layer[],
  path: string | Uint8Array,
  { followLink = true, ...options }: FileOptions,
): Promise<MergedFile> {
  using view = await openView(layers, options);
  return resolveFile(view, path, { followLink, layers: options.layers });
}

/** See `Image.content`. */
export async function* readContent(
  layers: readonly Layer[],
  file: MergedFile,
  options: ContentOptions,
): AsyncGenerator<Uint8Array, void> {
  const { kind, source } = file;
  if (kind !== 'file' || source === undefined) throw noRegularFile(file);
  const layer = layers[source.layer];
  if (layer === undefined) throw noSuchLayer(source.layer, layers.length);
  yield* layer.content(source, options);
}

/** See `Image.readFile`. */
export async function readFile(
  layers: readonly Layer[],
  path: string | Uint8Array,
  options: ReadFileOptions,
): Promise<Uint8Array> {
  const { maxBytes = defaultMaxBytes } = options;
  const file = await findFile(layers, path, options);
  if (file.sizeBytes > maxBytes) throw fileTooLarge(file, maxBytes);
  const bytes = new Uint8Array(file.sizeBytes);
  let at = 0;
  for await (const chunk of readContent(layers, file, options)) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** See `Image.tar`. */
export async function* archiveFiles(
  layers: readonly Layer[],
  { path = '/', name, followLink = true, ...options }: TarOptions,
): AsyncGenerator<Uint8Array, void> {
  using view = await openView(layers, options);
  const top = resolveFile(view, path, { followLink, layers: options.layers });
  yield* archiveMerged(view, top, {
    name: name === undefined ? nameOf(top.path) : bytesOf(name),
    content: (file, reading) => readContent(layers, file, reading),
    signal: options.signal,
  });
}

/** See `Image.changes`. */
export async function* listChanges(
  layers: readonly Layer[],
  layer: number,
  options: AbortOptions,
): AsyncGenerator<LayerChange, void> {
  if (layers[layer] === undefined) throw noSuchLayer(layer, layers.length);
  using view = await openView(layers, { ...options, layers: layer + 1 });
  yield* paceItems(listLayerChanges(view, layer), options);
}

async function openView(
  layers: readonly Layer[],
  { layers: count = layers.length, signal }: LookInsideOptions,
): Promise<MergedLayers> {
  if (!Number.isInteger(count) || count < 0 || count > layers.length) throw noSuchLayers(count, layers.length);
  using opened = new DisposableStack();
  const tables: LayerTable[] = [];
  for (const layer of layers.slice(0, count)) {
    const isBase = tables.length === 0;
    const table = (await layer.openTable?.({ isBase, signal })) ?? (await placeEntries(layer, [...tables], { signal }));
    tables.push(opened.use(table));
  }
  opened.move();
  return new MergedLayers(tables);
}

/** Reads the entries of a layer and places them where their paths lead on the layers below. */
async function placeEntries(layer: Layer, below: readonly LayerTable[], options: AbortOptions): Promise<LayerTable> {
  const table = new MemoryTable(new MergedLayers(below));
  for await (const entry of layer.entries(options)) table.add(entry);
  return table;
}

function resolveFile(
  view: MergedLayers,
  path: string | Uint8Array,
  { followLink, layers }: Pick<FileOptions, 'followLink' | 'layers'>,
): MergedFile {
  const found = view.resolve(bytesOf(path), { followLast: followLink === true });
  if (typeof found === 'string') throw noSuchFile(path, found, layers);
  return found;
}

const bytesOf = (path: string | Uint8Array): Uint8Array => (typeof path === 'string' ? utf8(path) : path);

async function* paceItems<Item>(items: Iterable<Item>, { signal }: AbortOptions): AsyncGenerator<Item, void> {
  let count = 0;
  for (const item of items) {
    if (++count % filesAtOnce === 0) await setImmediate();
    signal?.throwIfAborted();
    yield item;
  }
}
