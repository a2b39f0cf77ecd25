import { join } from 'node:path';
import { ContentLayout } from '../../src/content/local/layout.ts';
import { Metadata } from '../../src/metadata/metadata.ts';
import { parseDiffId, parseDigest } from '../../src/spec/digest.ts';
import { LayerIndexes } from '../../src/store/layers/layer-indexes.ts';
import { bundlesOf, execsOf, layoutOf, runtimeRootOf, type StoreLayout, stepsOf } from '../../src/store/layout.ts';
import { namesIn } from './names-in.ts';

/** Anything that has a store: its path, an engine or an open store, a command. */
export type HasStore = string | { readonly root: string } | { readonly layout: StoreLayout };

/** Paths of a store that tests damage, hide or count. Only this file knows them. */
export interface StorePlaces extends StoreLayout {
  /** Folder of the blobs named by SHA-256. */
  readonly blobs: string;
  /** Folder of unfinished blobs. */
  readonly ingests: string;
  /** Folder of the driver's snapshots. */
  readonly trees: string;
  /** Folders of bundles, of exec processes, of build steps and of the runtime's states. */
  readonly bundles: string;
  readonly execs: string;
  readonly steps: string;
  readonly states: string;
  blob(digest: string): string;
  index(diffId: string): string;
  /** Returns the paths of the driver's snapshots. */
  treePaths(): string[];
  /** Returns the path of a container's log. */
  log(id: string): string;
  /** Returns the names of the lock files of leases. */
  leases(): string[];
}

export function placesOf(store: HasStore, driver = 'overlay2'): StorePlaces {
  const layout = layoutFor(store);
  const content = new ContentLayout(layout.content);
  const trees = join(layout.snapshots, driver);
  return {
    ...layout,
    blobs: content.blobs('sha256'),
    ingests: content.ingests,
    trees,
    bundles: bundlesOf(layout),
    execs: execsOf(layout),
    steps: stepsOf(layout),
    states: runtimeRootOf(layout),
    blob: (digest) => content.blob(parseDigest(digest)),
    index: (diffId) => join(layout.indexes, LayerIndexes.nameOf(parseDiffId(diffId))),
    treePaths: () =>
      namesIn(trees)
        .filter((name) => !name.startsWith('.'))
        .map((name) => join(trees, name)),
    log: (id) => join(layout.containers, id, 'log'),
    leases: () => namesIn(layout.locks).filter((name) => name.startsWith('lease-')),
  };
}

/** Opens the records of a store for reading; a missing store is not created. */
export const recordsOf = (store: HasStore): Metadata => {
  const { database, locks } = layoutFor(store);
  return Metadata.openForReading({ database, locksDirectory: locks });
};

const layoutFor = (store: HasStore): StoreLayout => {
  if (typeof store === 'string') return layoutOf(store);
  return 'layout' in store ? store.layout : layoutOf(store.root);
};
