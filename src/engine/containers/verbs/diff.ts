import { withoutMountStubs } from '../../../containers/mounts/mount-stubs.ts';
import { type ListedChange, listChanges } from '../../../layer/diff/list-changes.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import { invariant } from '../../../lib/invariant.ts';
import type { Store } from '../../../store/store.ts';
import { streamStanding } from '../files/read-race.ts';
import { findReconciled } from '../state/find-reconciled.ts';

/**
 * What a container, running or not, has changed of its image's files, by path; not what is only mounted over. Throws
 * ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_CHANGED.
 */
export async function* diffContainer(
  store: Store,
  name: string,
  options: AbortOptions = {},
): AsyncGenerator<ListedChange, void> {
  const { id, snapshotId } = await findReconciled(store, name, options);
  invariant(snapshotId !== undefined, 'a container has a writable layer');
  yield* streamStanding(store.metadata.containers, id, changesIn(store, snapshotId, options));
}

async function* changesIn(
  { trees }: Store,
  snapshotId: string,
  options: AbortOptions,
): AsyncGenerator<ListedChange, void> {
  await using changes = await trees.openChanges(snapshotId, { ...options, access: 'read' });
  yield* withoutMountStubs(listChanges(changes.tree, options), changes.tree);
}
