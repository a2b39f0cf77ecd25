import type { ContainerState } from '../../../containers/state.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import type { TransactOptions } from '../../../metadata/database.ts';
import type { Metadata } from '../../../metadata/metadata.ts';
import { addContainerEvent, type ContainerEvent } from '../../events/container-event.ts';
import { encodeState, stateOf } from './state.ts';

export interface ChangeOptions extends TransactOptions {
  /** Events of the change, recorded in the same transaction. */
  readonly happened?: readonly ContainerEvent[];
}

/**
 * Replaces a container's state by the result of `change`, in one transaction, so that no concurrent change is lost.
 * Undefined keeps the state. Returns the new record, or undefined when the container has been removed.
 */
export async function changeState(
  { db, containers, events }: Pick<Metadata, 'db' | 'containers' | 'events'>,
  id: string,
  change: (state: ContainerState) => ContainerState | undefined,
  { happened = [], ...options }: ChangeOptions = {},
): Promise<ContainerRecord | undefined> {
  const write = (record: ContainerRecord): ReturnType<typeof encodeState> | undefined => {
    const state = change(stateOf(record));
    if (state === undefined) return undefined;
    for (const event of happened) addContainerEvent({ events, containers }, record, event);
    return encodeState(state);
  };
  return await db.transact(() => containers.change(id, write), options);
}
