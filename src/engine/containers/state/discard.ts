import { type ContainerEnd, type ContainerState, toEndedState } from '../../../containers/state.ts';
import { isStrataError, StrataError } from '../../../errors/index.ts';
import type { Lease } from '../../../ledger/types.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import { openCrashMarker } from '../../../store/garbage/crash-marker.ts';
import type { StoreLayout } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import { AT_FDCWD } from '../../../sys/constants.ts';
import { errnoOf } from '../../../sys/errno.ts';
import { removeTreeAt } from '../../../sys/remove-tree.ts';
import { addContainerEvent, type ContainerEvent } from '../../events/container-event.ts';
import { changeState } from './change-state.ts';
import { folderOf } from './places.ts';

/** A container that is being removed. */
interface DiscardedContainer extends Pick<ContainerRecord, 'id' | 'snapshotId'> {
  readonly store: Store;
  readonly lease: Lease | undefined;
}

/** Something that a container holds, also when it does not run. */
interface ContainerResource {
  readonly name: string;
  /** Takes it away, if it is there. Idempotent. */
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
 * All that a container holds, in the order in which it goes. What a removal that was killed would leave unfindable goes
 * before the record; what only the garbage collector may judge, after it.
 */
const containerResources: readonly ContainerResource[] = [folder, record, writableLayer];

export interface DiscardOptions {
  /** Of the caller; without one the removal opens its own. */
  readonly lease?: Lease | undefined;
  /** What is told in the transaction from which on the container is to go, and so once. */
  readonly happened?: readonly ContainerEvent[];
  /** How its last run ended, for one that goes with that: who waits for it finds its record before that is gone. */
  readonly end?: ContainerEnd | undefined;
}

/**
 * Removes a container in which nothing runs, with all it holds; its writable layer goes into the trash. Can be killed
 * anywhere: until the record is gone its state says that it is to go, then a dead lease tells of the rest, which is
 * nobody's. Idempotent. Throws ERR_CONTAINER_REMOVAL when its files cannot be removed.
 */
export async function discardContainer(
  store: Store,
  { id, snapshotId }: Pick<ContainerRecord, 'id' | 'snapshotId'>,
  { lease, happened = [], end }: DiscardOptions = {},
): Promise<void> {
  const { metadata } = store;
  await using _trace = lease === undefined ? await openCrashMarker(metadata.leases, 'rm') : undefined;
  // Not flushed: what a power cut leaves of this is a container without a log.
  const change = (state: ContainerState): ContainerState => ({
    ...(end === undefined ? state : toEndedState(state, end)),
    status: 'removing',
  });
  await changeState(metadata, id, change, { skipFlush: true, freesSpace: true, happened });
  for (const { clear } of containerResources) await clear({ store, id, snapshotId, lease });
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
