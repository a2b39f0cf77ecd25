import { mkdirSync } from 'node:fs';
import { isActive } from '../../../containers/state.ts';
import { readExit, requestExit } from '../../../containers/supervised/exits.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import { exitsOf } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import { findReconciled } from '../state/find-reconciled.ts';
import { reconcileContainer } from '../state/reconcile.ts';
import { unknownExitCode } from '../state/recover.ts';
import { stateOf } from '../state/state.ts';
import { waitUntil } from '../state/wait-until.ts';

/**
 * Waits until a container has ended and returns its exit code. Returns at once for a stopped one. Throws
 * ERR_CONTAINER_NOT_FOUND.
 */
export async function waitForContainer(store: Store, name: string, options: AbortOptions = {}): Promise<number> {
  return await waitForEnd(store, await findReconciled(store, name, options), options);
}

// Enough for the exit file of a removed foreground run, unless its command was killed.
const exitFileWaitMs = 5000;

/** {@link waitForContainer} for a record. Returns the exit code also of a container that is removed at its end. */
export async function waitForEnd(store: Store, before: ContainerRecord, options: AbortOptions): Promise<number> {
  const { id } = before;
  const { status, startedAt, attended } = stateOf(before);
  const hadStarted = startedAt !== undefined && (status === 'running' || status === 'paused');
  const directory = exitsOf(store.layout);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  let exitCode = isActive(stateOf(before)) ? unknownExitCode : (stateOf(before).exitCode ?? 0);
  if (attended === true) requestExit(directory, id);
  let goneSince: number | undefined;
  await waitUntil(
    store,
    id,
    async () => {
      // With --rm the record is removed, and the exit file some seconds later. Read twice: it may vanish or appear meanwhile.
      const early = readExit(directory, id);
      const record = await reconcileContainer(store, id, options);
      const state = record && stateOf(record);
      if (state !== undefined && !isActive(state)) {
        exitCode = state.exitCode ?? 0;
        return true;
      }
      const exit = readExit(directory, id) ?? early;
      exitCode = exit?.exitCode ?? exitCode;
      // The command of a foreground run removes the record, then writes the exit file.
      if (state === undefined && attended === true && exit === undefined) {
        goneSince ??= Date.now();
        return Date.now() - goneSince > exitFileWaitMs;
      }
      // Started again meanwhile: the run we waited for has ended.
      return state === undefined || state.attended !== attended || (hadStarted && state.startedAt !== startedAt);
    },
    options,
  );
  return exitCode;
}
