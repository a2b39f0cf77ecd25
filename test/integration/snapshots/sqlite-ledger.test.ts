import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'node:test';
import type { Lease } from '../../../src/ledger/types.ts';
import { Metadata } from '../../../src/metadata/metadata.ts';
import { Overlay2Snapshotter } from '../../../src/snapshots/drivers/overlay2/overlay2-snapshotter.ts';
import { removeTree } from '../../../src/sys/remove-tree.ts';
import { type SnapshotterSubject, snapshotterSuite } from '../../../src/testing/index.ts';
import { needs } from '../../helpers/needs.ts';
import { overlayDeviations } from '../../helpers/overlay-deviations.ts';

async function inDatabase(): Promise<SnapshotterSubject> {
  const root = mkdtempSync(join(tmpdir(), 'strata-snapshots-'));
  const metadata = await Metadata.open({ database: join(root, 'strata.db'), locksDirectory: join(root, 'locks') });
  const leases: Lease[] = [];
  return {
    snapshotter: new Overlay2Snapshotter({ root, ledger: metadata.snapshots }),
    ledger: metadata.snapshots,
    lease: async () => {
      const lease = await metadata.leases.open('test');
      leases.push(lease);
      return lease;
    },
    [Symbol.asyncDispose]: async () => {
      for (const lease of leases) await lease[Symbol.asyncDispose]();
      metadata[Symbol.dispose]();
      removeTree(root);
    },
  };
}

suite('overlay2 with the database', { skip: needs('root', 'overlay') }, () => {
  snapshotterSuite({
    name: 'overlay2 with the database',
    open: inDatabase,
    depths: [2, 40],
    skip: overlayDeviations,
  });
});
