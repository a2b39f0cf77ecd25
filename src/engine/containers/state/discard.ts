import { type ContainerEnd, type ContainerState, toEndedState } from '../../../containers/state.ts';
import { isStrataError, StrataError } from '../../../errors/index.ts';
import type { Lease } from '../../../ledger/types.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import { openCrashMarker } from '../../../store/garbage/open-crash-marker.ts';
import type { StoreLayout } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import { AT_FDCWD } from '../../../sys/constants.ts';
import { errnoOf } from '../../../sys/errno.ts';
import { removeTreeAt } from '../../../sys/remove-tree.ts';
import { addContainerEvent, type ContainerEvent } from '../../events/container-event.ts';
import { changeState } from './change-state.ts';
import { folderOf } from './locations.ts';

/** A container that is being removed. */
interface DiscardedContainer extends Pick<ContainerRecord, 'id' | 'snapshotId'> {
  readonly store: Store;
  readonly lease: Lease | undefined;
}

/** A resource of a container that exists also when it does not run. */
interface ContainerResource {
  readonly name: string;
  /** Removes the resource if it exists. Idempotent. */
  readonly clear: (container: DiscardedContainer) => Promise<void> | void;
}

const folder: ContainerResource = { name: 'folder', clear: ({ store, id }) => removeFolder(store.layout, id) };

const record: ContainerResource = {
  name: 'record',
  clear: async ({ store: { metadata }, id }) => {
    const { db, containers } = metadata;
    const remove = (): void => {
      const gone = containers.get(id);
      if (containers.remove(id) && gone !== undefined) addContainerEvent(metadata, gone, { action: 'destroy' });
    };
    await db.transact(remove, { freesSpace: true });
  },
};

const writableLayer: ContainerResource = {
  name: 'writable layer',
  clear: async ({ store, snapshotId, lease }) => {
    if (snapshotId === undefined) return;
    try {
      const { snapshotter } = await store.openDriver();
      await snapshotter.remove(snapshotId, { lease });
    } catch (error) {
      if (!isStrataError(error, 'ERR_SNAPSHOT_NOT_FOUND')) throw error;
    }
  },
};

/**
 * All resources of a container, in the order of removal. Those that cannot be found without the record are removed before
 * it; those that the garbage collector finds, after it.
 */
const containerResources: readonly ContainerResource[] = [folder, record, writableLayer];

export interface DiscardOptions {
  /** The caller's lease. Without one the removal opens its own. */
  readonly lease?: Lease | undefined;
  /** Events recorded once, in the transaction that sets the state `removing`. */
  readonly happened?: readonly ContainerEvent[];
  /** End of the run that removes the container. Recorded first, for processes that wait for the exit code. */
  readonly end?: ContainerEnd | undefined;
}

/**
 * Removes a container that does not run, with all its resources. Its writable layer goes into the trash. Can be killed
 * anywhere: until the record is removed its state is `removing`, afterwards a dead lease makes the next command collect the
 * rest. Idempotent. Throws ERR_CONTAINER_REMOVAL when its files cannot be removed.
 */
export async function discardContainer(
  store: Store,
  { id, snapshotId }: Pick<ContainerRecord, 'id' | 'snapshotId'>,
  { lease, happened = [], end }: DiscardOptions = {},
): Promise<void> {
  const { metadata } = store;
  await using _trace = lease === undefined ? await openCrashMarker(metadata.leases, 'rm') : undefined;
  // Not flushed: after a power cut the container may still exist, without its log.
  const change = (state: ContainerState): ContainerState => ({
    ...(end === undefined ? state : toEndedState(state, end)),
    status: 'removing',
  });
  await changeState(metadata, id, change, { skipFlush: true, freesSpace: true, happened });
  for (const { clear } of containerResources) await clear({ store, id, snapshotId, lease });
}

/** Removes a container's folder: its log and /etc files. Idempotent. Throws ERR_CONTAINER_REMOVAL. */
export function removeFolder(layout: StoreLayout, id: string): void {
  const folder = folderOf(layout, id);
  try {
    removeTreeAt(AT_FDCWD, folder);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return;
    throw new StrataError({
      code: 'ERR_CONTAINER_REMOVAL',
      message: `cannot remove container ${id.slice(0, 12)}: ${folder}: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: 'Unmount what is mounted there and clear immutable flags (lsattr), then remove the container again.',
      cause,
    });
  }
}
