import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { LocalContentStore } from '../../../src/content/local/store.ts';
import { ObjectLocks } from '../../../src/content/object-locks.ts';
import { GarbageCollector } from '../../../src/metadata/garbage-collector.ts';
import { Metadata, type MetadataOptions } from '../../../src/metadata/metadata.ts';
import { blobSweeper, fileSweeper } from '../../../src/metadata/sweepers.ts';

/** The parts of a store below the images: metadata, content, indexes as plain files, and their collector. */
export interface TestStore extends Disposable {
  readonly root: string;
  readonly metadata: Metadata;
  readonly content: LocalContentStore;
  readonly locks: ObjectLocks;
  readonly collector: GarbageCollector;
}

/** Opens the store in `root`, as another process does. */
export async function openStore(root: string, options: Partial<MetadataOptions> = {}): Promise<TestStore> {
  const trashDirectory = join(root, 'trash');
  const indexes = join(root, 'indexes');
  for (const folder of [trashDirectory, indexes]) mkdirSync(folder, { recursive: true });
  const locksDirectory = join(root, 'locks');
  const metadata = await Metadata.open({ database: join(root, 'strata.db'), locksDirectory, ...options });
  const locks = new ObjectLocks(locksDirectory);
  const content = LocalContentStore.open({ directory: join(root, 'content'), locks, trashDirectory });
  const collector = new GarbageCollector(metadata, {
    blob: blobSweeper(content),
    layer: fileSweeper({
      kind: 'layer',
      directory: indexes,
      nameOf: (key) => `${key.slice('sha256:'.length)}.idx`,
      keyOf: (name) => (name.endsWith('.idx') ? `sha256:${name.slice(0, -'.idx'.length)}` : undefined),
      locks,
      trashDirectory,
    }),
  });
  return { root, metadata, content, locks, collector, [Symbol.dispose]: () => metadata[Symbol.dispose]() };
}

/**
 * Makes a folder for one test and removes it after the test; retries, as a thread may still checkpoint the database.
 */
export function temporaryRoot(context: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'strata-metadata-'));
  context.after(() => rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  return root;
}

/** Opens a new store for one test. */
export async function newStore(context: TestContext, options: Partial<MetadataOptions> = {}): Promise<TestStore> {
  const store = await openStore(temporaryRoot(context), options);
  context.after(() => store[Symbol.dispose]());
  return store;
}
