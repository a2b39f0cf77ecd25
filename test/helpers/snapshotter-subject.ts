import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemorySnapshotLedger } from '../../src/ledger/memory.ts';
import type { OpenDriverOptions } from '../../src/snapshots/storage-driver.ts';
import { removeTree } from '../../src/sys/remove-tree.ts';
import type { SnapshotterSubject } from '../../src/testing/index.ts';

/** A driver over a ledger in memory, on a root of its own in `folder`. */
export async function inMemory(
  open: (options: OpenDriverOptions) => SnapshotterSubject['snapshotter'],
  folder: string = tmpdir(),
): Promise<SnapshotterSubject> {
  const root = mkdtempSync(join(folder, 'strata-snapshots-'));
  const ledger = new MemorySnapshotLedger();
  const snapshotter = open({ root, ledger });
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
