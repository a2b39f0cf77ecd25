import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemorySnapshotLedger } from '../ledger/memory.ts';
import type { OpenDriverOptions } from '../snapshots/storage-driver.ts';
import { removeTree } from '../sys/remove-tree.ts';
import type { SnapshotterSubject } from './suites/snapshotter-bench.ts';

/**
 * Opens a storage driver over a ledger in memory and a new root, a directory inside `folder` (default: the directory of
 * temporary files); disposal closes the driver and removes the root.
 *
 * @example snapshotterSuite({ name: 'mine', open: () => openInMemory((options) => mine.open(options)) });
 */
export async function openInMemory(
  open: (options: OpenDriverOptions) => Promise<SnapshotterSubject['snapshotter']>,
  folder: string = tmpdir(),
): Promise<SnapshotterSubject> {
  const root = mkdtempSync(join(folder, 'strata-snapshots-'));
  const ledger = new MemorySnapshotLedger();
  const snapshotter = await open({ root, ledger });
  return {
    snapshotter,
    ledger,
    lease: async () => ledger.lease(),
    [Symbol.asyncDispose]: async () => {
      await snapshotter[Symbol.asyncDispose]();
      removeTree(root);
    },
  };
}
