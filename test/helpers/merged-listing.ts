// Lists the merged view of layers, without unpacking, in the lines of tree-listing.ts.
import { createHash } from 'node:crypto';
import { readTar } from '../../src/archive/index.ts';
import type { Image } from '../../src/images/image/image.ts';
import { LayerIndex } from '../../src/layer/index.ts';
import { IndexTable } from '../../src/layer/merged/index-table.ts';
import { entryOfArchive } from '../../src/layer/merged/layer-entry.ts';
import type { LayerTable } from '../../src/layer/merged/layer-table.ts';
import { MemoryTable } from '../../src/layer/merged/memory-table.ts';
import type { MergedFile } from '../../src/layer/merged/merged-file.ts';
import { MergedLayers } from '../../src/layer/merged/merged-layers.ts';
import { concatBytes } from '../../src/lib/bytes.ts';

async function* bytes(archive: Uint8Array): AsyncGenerator<Uint8Array> {
  yield archive;
}

/** Returns the bodies of an archive's entries, by their numbers. */
async function bodiesOf(archive: Uint8Array): Promise<Uint8Array[]> {
  const bodies: Uint8Array[] = [];
  for await (const { body } of readTar(bytes(archive))) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk.slice());
    bodies.push(concatBytes(chunks));
  }
  return bodies;
}

/** Returns tables of layers, made from their archives alone. */
export async function tablesOfArchives(archives: readonly Uint8Array[]): Promise<LayerTable[]> {
  const tables: LayerTable[] = [];
  for (const archive of archives) {
    const table = new MemoryTable(new MergedLayers([...tables]));
    let ordinal = 0;
    for await (const { entry } of readTar(bytes(archive))) {
      const found = entryOfArchive({ ...entry, kind: entry.type }, ordinal++);
      if (found) table.add(found);
    }
    tables.push(table);
  }
  return tables;
}

/** Returns tables of layers, read from their layer indexes. */
export const tablesOfIndexes = (paths: readonly string[]): LayerTable[] =>
  paths.map((path) => new IndexTable(LayerIndex.open(path)));

const types: { readonly [kind in MergedFile['kind']]: string } = {
  file: 'file',
  directory: 'dir',
  symlink: 'link',
  'character-device': 'char',
  'block-device': 'block',
  fifo: 'fifo',
};

/** Lists the merged layers as `treeListing` lists them unpacked. Closes the tables. */
export async function mergedListing(
  tables: readonly LayerTable[],
  archives: readonly Uint8Array[],
  recursive = true,
): Promise<string[]> {
  using view = new MergedLayers(tables);
  const bodies = await Promise.all(archives.map(bodiesOf));
  const lines = new Lines();
  return [...view.list(new Uint8Array(0), { recursive })].map((file) => {
    const { source } = file;
    return lines.of(file, (source && bodies[source.layer]?.[source.ordinal]) ?? new Uint8Array(0));
  });
}

/** Lists an image's files as `treeListing` lists them unpacked. */
export async function imageListing(image: Pick<Image, 'files' | 'content'>): Promise<string[]> {
  const lines = new Lines();
  const listed: string[] = [];
  for await (const file of image.files()) {
    const chunks: Uint8Array[] = [];
    if (file.kind === 'file') for await (const chunk of image.content(file)) chunks.push(chunk);
    listed.push(lines.of(file, concatBytes(chunks)));
  }
  return listed;
}

class Lines {
  readonly #firstNames = new Map<string, string>();

  of(file: MergedFile, body: Uint8Array): string {
    const { path, kind, mode, uid, gid, sizeBytes, mtime, linkPath, source, xattrs } = file;
    const parts = [types[kind], mode.toString(8).padStart(4, '0'), `${uid}:${gid}`];
    if (kind === 'file') parts.push(`${sizeBytes}b`, `sha256=${createHash('sha256').update(body).digest('hex')}`);
    if (kind === 'symlink') parts.push(`-> ${JSON.stringify(latin1(linkPath))}`);
    if (kind.endsWith('device')) parts.push(`rdev=${makeDevice(file.deviceMajor, file.deviceMinor)}`);
    for (const [name, value] of [...xattrs].sort(([a], [b]) => (a < b ? -1 : 1)))
      parts.push(`${name}=${Buffer.from(value).toString('hex')}`);
    parts.push(`@${BigInt(mtime.seconds) * 1_000_000_000n + BigInt(mtime.nanoseconds)}`);
    const name = JSON.stringify(latin1(path));
    if (kind === 'directory' || source === undefined) return `${name} ${parts.join(' ')}`;
    const inode = `${source.layer} ${source.ordinal}`;
    const first = this.#firstNames.get(inode);
    if (first === undefined) this.#firstNames.set(inode, name);
    return `${name} ${parts.join(' ')}${first === undefined ? '' : ` same-as=${first}`}`;
  }
}

const latin1 = (text: Uint8Array): string => Buffer.from(text).toString('latin1');

// The same encoding as makedev(3) of glibc.
const makeDevice = (major: number, minor: number): bigint => {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn);
};
