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
 * Creates a container and is with it to its end; it goes on should this program be killed. Standard input stays empty. An
 * abort kills it. What it was stays, with its log.
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
    if (signal.aborted) await killed(store, id);
    if (request.remove === true) await removeUnlessRunning(store, id);
    throw error;
  }
}

async function killed(store: Store, id: string): Promise<void> {
  const record = store.metadata.containers.get(id);
  if (record === undefined || !(await sendSignal(store, record, SIGKILL))) return;
  await waitUntilKilled({ task: `cannot end container ${record.name}` }, (limits) => waitForEnd(store, record, limits));
}

/** What has run goes with its end; what never ran has none. */
async function removeUnlessRunning(store: Store, id: string): Promise<void> {
  try {
    await removeContainer(store, id);
  } catch (error) {
    if (!isStrataError(error, 'ERR_CONTAINER_NOT_FOUND') && !isStrataError(error, 'ERR_CONTAINER_RUNNING')) throw error;
  }
}
