import { isActive } from '../../../containers/state.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { Store } from '../../../store/store.ts';
import { reconcileContainer } from './reconcile.ts';
import { needsRecovery } from './recover.ts';
import { stateOf } from './state.ts';

/** Waits until `isOver` resolves with true. Calls it at once, and after every possible change of a container. */
export const waitUntil = (
  store: Store,
  id: string,
  isOver: () => Promise<boolean>,
  { signal }: AbortOptions,
): Promise<void> => store.exits.waitUntilOver(id, { isOver, glance: () => glance(store, id), signal });

function glance(store: Store, id: string): string | undefined {
  const record = store.metadata.containers.get(id);
  if (record === undefined) return 'gone';
  const state = stateOf(record);
  // A foreground run needs a full check: only a search for dead leases shows that its command was killed.
  if (state.attended === true || needsRecovery(store, record)) return undefined;
  return `${state.status} ${state.startedAt}`;
}

/** Waits until a container has ended or has been removed. */
export const waitUntilInactive = async (store: Store, id: string, options: AbortOptions): Promise<void> =>
  await waitUntil(
    store,
    id,
    async () => {
      const record = await reconcileContainer(store, id, options);
      return record === undefined || !isActive(stateOf(record));
    },
    options,
  );
