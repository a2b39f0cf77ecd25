import { freeze, runtimeStatus } from '../../../containers/runtime/runtime-commands.ts';
import type { ContainerStatus } from '../../../containers/state.ts';
import { StrataError } from '../../../errors/index.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import type { Store } from '../../../store/store.ts';
import { isFrozen } from '../../../sys/control-groups.ts';
import { type ChangeOptions, changeState } from '../state/change-state.ts';
import { containerNotRunning } from '../state/failures.ts';
import { containerNotFound } from '../state/find-container.ts';
import { findReconciled } from '../state/find-reconciled.ts';
import { runtimeOf } from '../state/locations.ts';
import { containerLocks, pauseLocks } from '../state/locks.ts';
import { recover } from '../state/recover.ts';
import { definitionOf, groupOf, isRunning, stateOf } from '../state/state.ts';

/**
 * Freezes all processes of a running container. Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_NOT_RUNNING,
 * ERR_CONTAINER_PAUSED when it is paused already.
 */
export async function pauseByName(store: Store, name: string, options: AbortOptions = {}): Promise<void> {
  await using held = await hold(store, name, options);
  const { id } = held.record;
  if (!isRunning(store.metadata, held.record)) throw containerNotRunning(id);
  if (stateOf(held.record).status === 'paused') {
    throw pauseRefusal(`Container ${id} is already paused`, 'Unpause it to continue its processes.');
  }
  // Written first: a command that kills a container thaws it if its record says paused. Not flushed: after a power cut none
  // of its processes runs.
  await become(store, id, 'paused', { skipFlush: true });
  try {
    await freeze(runtimeOf(store, definitionOf(held.record)), id, 'pause');
  } catch (error) {
    await become(store, id, 'running', { skipFlush: true });
    throw error;
  }
  await become(store, id, 'paused', { happened: [{ action: 'pause' }] });
}

/**
 * Resumes all processes of a paused container. Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_PAUSED when it is not paused.
 */
export async function unpauseContainer(store: Store, name: string, options: AbortOptions = {}): Promise<void> {
  await using held = await hold(store, name, options);
  const { id } = held.record;
  const { status } = stateOf(held.record);
  // A commit that was killed with all its helpers leaves the container frozen, though its record says running.
  const isStillFrozen = isRunning(store.metadata, held.record) && isFrozen(groupOf(held.record));
  if (status !== 'paused' && !isStillFrozen) {
    throw pauseRefusal(`Container ${id} is not paused`, 'List all containers to see their states.');
  }
  const runtime = runtimeOf(store, definitionOf(held.record));
  // A killed pause may have written the state without freezing the processes.
  if ((await runtimeStatus(runtime, id)) === 'paused') await freeze(runtime, id, 'resume');
  await become(store, id, 'running', { happened: [{ action: 'unpause' }] });
}

/** Finds a container, takes its locks and brings its record up to date. A commit's pause is not ended while it copies. */
async function hold(
  store: Store,
  name: string,
  options: AbortOptions,
): Promise<AsyncDisposable & { readonly record: ContainerRecord }> {
  const { id } = await findReconciled(store, name, options);
  await using stack = new AsyncDisposableStack();
  // In this order: a commit may take minutes, and waiting for it must not block starts, recoveries and removals.
  stack.use(await (await pauseLocks(store, options)).lock(id, options));
  stack.use(await (await containerLocks(store, options)).lock(id, options));
  await recover(store, id);
  const record = store.metadata.containers.get(id);
  if (record === undefined) throw containerNotFound(name);
  const owned = stack.move();
  return { record, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function become({ metadata }: Store, id: string, status: ContainerStatus, options: ChangeOptions): Promise<void> {
  await changeState(metadata, id, (state) => ({ ...state, status }), options);
}

const pauseRefusal = (message: string, hint: string): StrataError =>
  new StrataError({ code: 'ERR_CONTAINER_PAUSED', message, hint });
