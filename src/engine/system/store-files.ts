import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AbortOptions } from '../../lib/abort.ts';
import { treeUsage } from '../../snapshots/tree-usage.ts';
import type { StoreLayout } from '../../store/layout.ts';

/** Sizes of all files below a store's root, in bytes of allocated blocks. Every file is counted once. */
export interface StoreFiles {
  /** Snapshots of all drivers, by ID. */
  readonly snapshots: ReadonlyMap<string, number>;
  /** By file name. */
  readonly indexes: ReadonlyMap<string, number>;
  /** By container ID. */
  readonly containers: ReadonlyMap<string, number>;
  /** By digest. */
  readonly blobs: ReadonlyMap<string, number>;
  /** Unfinished blobs, by folder name. */
  readonly ingests: ReadonlyMap<string, number>;
  readonly volumes: number;
  readonly trash: number;
  /** Database, locks, reserved space, and the directories of all of the above. */
  readonly rest: number;
}

/** Measures every file below the root. Files that appear or disappear meanwhile may be counted or not. */
export async function measureStoreFiles(layout: StoreLayout, options: AbortOptions = {}): Promise<StoreFiles> {
  let rest = own(layout.root);
  const each = async (folder: string): Promise<Map<string, number>> => {
    rest += own(folder);
    const sizes = new Map<string, number>();
    for (const name of namesIn(folder)) sizes.set(name, await usage(join(folder, name), options));
    return sizes;
  };
  const snapshots = new Map<string, number>();
  rest += own(layout.snapshots);
  for (const driver of namesIn(layout.snapshots)) {
    for (const [id, size] of await each(join(layout.snapshots, driver))) snapshots.set(id, size);
  }
  const indexes = await each(layout.indexes);
  const containers = await each(layout.containers);
  const content = await usage(layout.content, options);
  const blobs = blobsIn(join(layout.content, 'blobs'));
  const ingestsFolder = join(layout.content, 'ingest');
  const ingests = new Map<string, number>();
  for (const name of namesIn(ingestsFolder)) ingests.set(name, await usage(join(ingestsFolder, name), options));
  // Directories, and files that appeared meanwhile.
  rest += content - [...blobs.values(), ...ingests.values()].reduce((total, size) => total + size, 0);
  const volumesFolder = join(layout.root, 'volumes');
  const volumes = await usage(volumesFolder, options);
  const trash = await usage(layout.trash, options);
  const measured = new Set([
    layout.snapshots,
    layout.indexes,
    layout.containers,
    layout.content,
    volumesFolder,
    layout.trash,
  ]);
  for (const name of namesIn(layout.root)) {
    const path = join(layout.root, name);
    if (!measured.has(path)) rest += await usage(path, options);
  }
  return { snapshots, indexes, containers, blobs, ingests, volumes, trash, rest };
}

const blockBytes = 512;

const own = (path: string): number => (lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * blockBytes;

async function usage(path: string, options: AbortOptions): Promise<number> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 0;
  return found.isDirectory() ? (await treeUsage(path, options)).sizeBytes : found.blocks * blockBytes;
}

function namesIn(folder: string): string[] {
  return lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder) : [];
}

function blobsIn(folder: string): Map<string, number> {
  return new Map(
    namesIn(folder).flatMap((algorithm) =>
      namesIn(join(folder, algorithm)).map(
        (hex) => [`${algorithm}:${hex}`, own(join(folder, algorithm, hex))] as const,
      ),
    ),
  );
}
