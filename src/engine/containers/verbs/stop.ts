import { SIGKILL, signalNumber } from '../../../containers/signals.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import type { Store } from '../../../store/store.ts';
import { noteContainerEvent } from '../../events/note-container-event.ts';
import { findReconciled } from '../state/find-reconciled.ts';
import { definitionOf, isRunning } from '../state/state.ts';
import { endsWithin, type KilledOptions, waitUntilKilled } from '../state/wait-until-killed.ts';
import { sendSignal, stopSignalOf } from './kill.ts';
import { waitForEnd } from './wait.ts';

/** Options of `containers.stop` and `containers.restart`. */
export interface StopOptions extends AbortOptions {
  /** Time before it is killed. Negative waits for ever. Default: the container's stop timeout, or 10. */
  readonly timeoutSeconds?: number | undefined;
  /** Signal in place of the container's stop signal: a name or a number. */
  readonly send?: string | undefined;
}

const defaultTimeoutSeconds = 10;
/**
 * Sends the stop signal, kills the container after the timeout, and waits for its end. Does nothing to a stopped one. Throws
 * ERR_CONTAINER_NOT_FOUND, ERR_SIGNAL_INVALID, ERR_CONTAINER_NOT_KILLED.
 */
export async function stopContainer(store: Store, name: string, options: StopOptions = {}): Promise<void> {
  checkSignal(options);
  const record = await findReconciled(store, name, options);
  if (!isRunning(store.metadata, record)) return;
  const task = `cannot stop container: ${name.slice(0, 256)}`;
  await endRun(store, record, { ...options, task }, (limits) => waitForEnd(store, record, limits));
  await noteContainerEvent(store.metadata, record, { action: 'stop' });
}

/** Throws ERR_SIGNAL_INVALID before anything is done. */
export function checkSignal({ send }: StopOptions): void {
  if (send !== undefined) signalNumber(send);
}

/** Ends a running container as {@link stopContainer} does. `waitUntilEnded` waits for its end and obeys a signal. */
export async function endRun(
  store: Store,
  record: ContainerRecord,
  options: StopOptions & KilledOptions,
  waitUntilEnded: (limits: AbortOptions) => Promise<unknown>,
): Promise<void> {
  const { config } = definitionOf(record);
  const first = options.send === undefined ? stopSignalOf(config.StopSignal) : signalNumber(options.send);
  await sendSignal(store, record, first, options);
  const seconds = options.timeoutSeconds ?? config.StopTimeout ?? defaultTimeoutSeconds;
  if (await endsWithin(seconds, options, waitUntilEnded)) return;
  await sendSignal(store, record, SIGKILL, options);
  await waitUntilKilled(options, waitUntilEnded);
}
