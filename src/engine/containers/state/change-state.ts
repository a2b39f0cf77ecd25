import type { ContainerState } from '../../../containers/state.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import type { TransactOptions } from '../../../metadata/database.ts';
import type { Metadata } from '../../../metadata/metadata.ts';
import { addContainerEvent, type ContainerEvent } from '../../events/container-event.ts';
import { stateOf, storedState } from './state.ts';

export interface ChangeOptions extends TransactOptions {
  /** What is told of the change, in the same transaction. */
  readonly happened?: readonly ContainerEvent[];
}

/**
 * Puts what `change` makes of a container's state in its place, in one transaction, so that no other change is lost;
 * undefined leaves it. Returns the record as it is then, undefined when the container is gone.
 */
export async function changeState(
  { db, containers, events }: Pick<Metadata, 'db' | 'containers' | 'events'>,
  id: string,
  change: (state: ContainerState) => ContainerState | undefined,
  { happened = [], ...options }: ChangeOptions = {},
): Promise<ContainerRecord | undefined> {
  const write = (record: ContainerRecord): ReturnType<typeof storedState> | undefined => {
    const state = change(stateOf(record));
    if (state === undefined) return undefined;
    for (const event of happened) addContainerEvent({ events, containers }, record, event);
    return storedState(state);
  };
  return await db.transact(() => containers.change(id, write), options);
}
