import type { ContainerState } from '../../../containers/state.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import type { TransactOptions } from '../../../metadata/database.ts';
import type { Metadata } from '../../../metadata/metadata.ts';
import { stateOf, storedState } from './state.ts';

/**
 * Puts what `change` makes of a container's state in its place, in one transaction, so that no other change is lost;
 * undefined leaves it. Returns the record as it is then, undefined when the container is gone.
 */
export async function changeState(
  { db, containers }: Pick<Metadata, 'db' | 'containers'>,
  id: string,
  change: (state: ContainerState) => ContainerState | undefined,
  options: TransactOptions = {},
): Promise<ContainerRecord | undefined> {
  const write = (record: ContainerRecord): ReturnType<typeof storedState> | undefined => {
    const state = change(stateOf(record));
    return state && storedState(state);
  };
  return await db.transact(() => containers.change(id, write), options);
}
