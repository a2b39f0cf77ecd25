import { toJson } from '../../../containers/state.ts';
import { isStrataError, StrataError } from '../../../errors/index.ts';
import type { Lease } from '../../../ledger/types.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import { openCrashMarker } from '../../../store/garbage/crash-marker.ts';
import type { StoreLayout } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import { AT_FDCWD } from '../../../sys/constants.ts';
import { errnoOf } from '../../../sys/errno.ts';
import { removeTreeAt } from '../../../sys/remove-tree.ts';
import { folderOf } from './places.ts';
import { stateOf } from './state.ts';

/**
 * Forgets a container in which nothing runs: its files, its record, its writable layer, which goes into the trash. Can be
 * killed anywhere: until the record is gone its state says that it is to go, then a dead lease tells of the rest, which is
 * nobody's. Idempotent. Throws ERR_CONTAINER_REMOVAL when its files cannot be removed.
 */
export async function discardContainer(
  { layout, metadata, driver }: Store,
  { id, snapshotId }: Pick<ContainerRecord, 'id' | 'snapshotId'>,
  lease?: Lease,
): Promise<void> {
  const { containers, db, leases } = metadata;
  await using _trace = lease === undefined ? openCrashMarker(leases, 'rm') : undefined;
  // Not flushed: what a power cut leaves of this is a container without a log.
  db.writeVolatile(() => containers.change(id, (record) => toJson({ ...stateOf(record), status: 'removing' })));
  removeFolder(layout, id);
  containers.remove(id);
  if (snapshotId === undefined) return;
  try {
    await driver.snapshotter.remove(snapshotId, { lease });
  } catch (error) {
    if (!isStrataError(error, 'ERR_SNAPSHOT_NOT_FOUND')) throw error;
  }
}

/** What a container keeps beside its layer. Idempotent. Throws ERR_CONTAINER_REMOVAL. */
export function removeFolder(layout: StoreLayout, id: string): void {
  const folder = folderOf(layout, id);
  try {
    removeTreeAt(AT_FDCWD, folder);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return;
    throw new StrataError({
      code: 'ERR_CONTAINER_REMOVAL',
      message: `cannot remove container ${id.slice(0, 12)}: ${folder}: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: 'Is something mounted there, or made immutable (lsattr)? Undo that, then remove it again.',
      cause,
    });
  }
}
