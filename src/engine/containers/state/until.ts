import { isActive } from '../../../containers/state.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { Store } from '../../../store/store.ts';
import { reconcileContainer } from './reconcile.ts';
import { needsRecovery } from './recover.ts';
import { stateOf } from './state.ts';

/** Waits until `isOver` resolves with true; it is asked at once, and whenever something may have happened to a container. */
export const until = (
  store: Store,
  id: string,
  isOver: () => Promise<boolean>,
  { signal }: AbortOptions,
): Promise<void> => store.exits.waitUntilOver(id, { isOver, glance: () => glance(store, id), signal });

function glance(store: Store, id: string): string | undefined {
  const record = store.metadata.containers.get(id);
  if (record === undefined) return 'gone';
  const state = stateOf(record);
  // The lease of a command that was killed is found by looking for such leases only.
  if (state.attended === true || needsRecovery(store, record)) return undefined;
  return `${state.status} ${state.startedAt}`;
}

/** Waits until a container is gone or nothing runs in it, however it came to that. */
export const untilInactive = async (store: Store, id: string, options: AbortOptions): Promise<void> =>
  await until(
    store,
    id,
    async () => {
      const record = await reconcileContainer(store, id, options);
      return record === undefined || !isActive(stateOf(record));
    },
    options,
  );
