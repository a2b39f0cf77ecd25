import { SIGKILL } from '../../../containers/signals.ts';
import { isStrataError } from '../../../errors/index.ts';
import type { WorkControl } from '../../../lib/work-control.ts';
import type { Store } from '../../../store/store.ts';
import { createContainer } from '../create/create.ts';
import { waitUntilKilled } from '../state/wait-until-killed.ts';
import { startAttached } from './attach.ts';
import { sendSignal } from './kill.ts';
import { removeContainer } from './remove.ts';
import type { RunEvent, RunRequest, RunResult } from './run-types.ts';
import { waitForEnd } from './wait.ts';

/**
 * Creates a container with a supervisor and stays attached to its end. It keeps running if this program is killed. Standard
 * input is empty. An abort kills it. The container stays, with its log.
 */
export async function runSupervised(
  store: Store,
  request: RunRequest,
  { report, signal }: WorkControl<RunEvent>,
): Promise<RunResult> {
  const { id, name, warnings } = await createContainer(store, {
    ...request,
    interactive: false,
    attach: ['stdout', 'stderr'],
    signal,
  });
  report({ type: 'created', id, name, warnings });
  try {
    await using attached = await startAttached(store, id, { signal });
    signal.throwIfAborted();
    report({ type: 'started' });
    const isAborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    for await (const { stream, chunk } of attached.streams) {
      const isTaken = new Promise<void>((resolve) => report({ type: 'output', stream, chunk }, resolve));
      await Promise.race([isTaken, isAborted]);
    }
    return { id, exitCode: await attached.exitCode };
  } catch (error) {
    if (signal.aborted) await killAndWait(store, id);
    if (request.remove === true) await removeUnlessRunning(store, id);
    throw error;
  }
}

async function killAndWait(store: Store, id: string): Promise<void> {
  const record = store.metadata.containers.get(id);
  if (record === undefined || !(await sendSignal(store, record, SIGKILL))) return;
  await waitUntilKilled({ task: `cannot end container ${record.name}` }, (limits) => waitForEnd(store, record, limits));
}

/** Removes a container that never ran. One that ran is removed at its end. */
async function removeUnlessRunning(store: Store, id: string): Promise<void> {
  try {
    await removeContainer(store, id);
  } catch (error) {
    if (!isStrataError(error, 'ERR_CONTAINER_NOT_FOUND') && !isStrataError(error, 'ERR_CONTAINER_RUNNING')) throw error;
  }
}
