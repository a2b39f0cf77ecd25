import { checkContainerName } from '../../../containers/container-names.ts';
import { StrataError } from '../../../errors/index.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { Store } from '../../../store/store.ts';
import { addContainerEvent } from '../../events/container-event.ts';
import { containerNotFound } from '../state/find-container.ts';
import { findReconciled } from '../state/find-reconciled.ts';

/**
 * Gives a container another name. Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_NAME_INVALID, ERR_CONTAINER_NAME_IN_USE,
 * ERR_CONTAINER_NAME_SAME.
 */
export async function renameContainer(
  store: Store,
  name: string,
  newName: string,
  options: AbortOptions = {},
): Promise<void> {
  if (name === '' || newName === '') {
    throw new StrataError({
      code: 'ERR_CONTAINER_NAME_INVALID',
      message: 'Neither old nor new names may be empty',
      hint: 'Give the name of a container, and its new name.',
    });
  }
  const record = await findReconciled(store, name, options);
  const wanted = checkContainerName(newName.replace(/^\//, ''));
  if (wanted === record.name) {
    throw new StrataError({
      code: 'ERR_CONTAINER_NAME_SAME',
      message: 'Renaming a container with the same name as its current name',
      hint: 'Give a name that differs from the current one.',
    });
  }
  const { metadata } = store;
  const { db, containers } = metadata;
  const rename = (): boolean => {
    // Another command may have renamed it since.
    const before = containers.get(record.id);
    if (before === undefined || !containers.rename(record.id, wanted)) return false;
    const attributes = { oldName: `/${before.name}` };
    addContainerEvent(metadata, before, { action: 'rename', attributes });
    return true;
  };
  if (!(await db.transact(rename, options))) throw containerNotFound(name);
}
