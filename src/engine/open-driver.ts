import type { SnapshotLedger } from '../ledger/types.ts';
import { chooseDriver, type DriverName, settledDriver } from '../snapshots/choose-driver.ts';
import { type OpenedSnapshotter, openSnapshotter } from '../snapshots/open-snapshotter.ts';

/** The store's storage driver. */
export interface StorageDriver {
  readonly name: DriverName;
  readonly snapshotter: OpenedSnapshotter;
  /** To be told once. */
  readonly warnings: readonly string[];
}

/** The driver this store uses: the one whose snapshots it holds, else the one that works. Throws as `chooseDriver` does. */
export function openDriver(root: string, ledger: SnapshotLedger, wish: string | undefined): StorageDriver {
  const settled = settledDriver({ root, driver: wish });
  const { driver, warnings } =
    settled === undefined ? chooseDriver({ root, driver: wish }) : { driver: settled, warnings: [] };
  return { name: driver, snapshotter: openSnapshotter({ driver, root, ledger }), warnings };
}
