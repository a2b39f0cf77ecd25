import { readPid } from '../../../containers/runtime/bundle.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import type { Store } from '../../../store/store.ts';
import type { ProcessIdentity } from '../../../sys/process-identity.ts';
import { identify } from '../../../sys/process-identity.ts';
import { containerNotFound, findContainer } from './find-container.ts';
import { bundleOf } from './locations.ts';
import { reconcileContainer } from './reconcile.ts';
import { stateOf } from './state.ts';

/** Finds a container and brings its record up to date. Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_AMBIGUOUS. */
export async function findReconciled(store: Store, name: string, options: AbortOptions = {}): Promise<ContainerRecord> {
  const { id } = findContainer(store.metadata.containers, name);
  const record = await reconcileContainer(store, id, options);
  if (record === undefined) throw containerNotFound(name);
  return record;
}

/** Returns the main process of a running container, by the host's pid. Undefined when it has none. */
export function processOf({ layout }: Store, record: ContainerRecord): ProcessIdentity | undefined {
  const state = stateOf(record);
  if (state.process !== undefined || state.attended !== true) return state.process;
  const pid = readPid(bundleOf(layout, record.id).pid);
  return pid === undefined ? undefined : identify(pid);
}
