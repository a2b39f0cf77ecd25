import { withoutMountStubs } from '../../../containers/mounts/mount-stubs.ts';
import { type ListedChange, listChanges } from '../../../layer/diff/list-changes.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import { invariant } from '../../../lib/invariant.ts';
import type { Store } from '../../../store/store.ts';
import { streamWhilePresent } from '../files/read-race.ts';
import { findReconciled } from '../state/find-reconciled.ts';

/**
 * Yields the changes of a container, running or not, to its image's files, by path. Mount points alone do not count. Throws
 * ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_CHANGED.
 */
export async function* diffContainer(
  store: Store,
  name: string,
  options: AbortOptions = {},
): AsyncGenerator<ListedChange, void> {
  const { id, snapshotId } = await findReconciled(store, name, options);
  invariant(snapshotId !== undefined, 'a container has a writable layer');
  yield* streamWhilePresent(store.metadata.containers, id, changesIn(store, snapshotId, options));
}

async function* changesIn(
  { trees }: Store,
  snapshotId: string,
  options: AbortOptions,
): AsyncGenerator<ListedChange, void> {
  await using changes = await trees.openChanges(snapshotId, { ...options, access: 'read' });
  yield* withoutMountStubs(listChanges(changes.tree, options), changes.tree);
}
