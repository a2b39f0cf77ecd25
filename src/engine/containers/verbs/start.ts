import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { prepareBindSources } from '../../../containers/mounts/bind-sources.ts';
import { etcFiles, writeEtcFiles } from '../../../containers/runtime/etc-files.ts';
import { startCreated } from '../../../containers/runtime/runtime-commands.ts';
import { runtimeOptions } from '../../../containers/runtime/runtime-options.ts';
import { type ContainerState, toEndedState } from '../../../containers/state.ts';
import { type LaunchPlan, launchJob } from '../../../containers/supervised/launch.ts';
import { keepsLog, maxLogBytes } from '../../../containers/supervised/log-config.ts';
import { findSupervisor } from '../../../containers/supervised/supervisor.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import { invariant } from '../../../lib/invariant.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import { bundlesOf, exitsOf } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import { bootId } from '../../../sys/boot-id.ts';
import { identify } from '../../../sys/process-identity.ts';
import { endAbandonedSteps } from '../../builder/end-abandoned-steps.ts';
import { thisMachine } from '../../machine.ts';
import { changeState } from '../state/change-state.ts';
import { exitCodeOfStart, startRefusal } from '../state/failures.ts';
import { containerNotFound, findContainer } from '../state/find-container.ts';
import { bundleOf, folderOf, logPathOf, runtimeOf } from '../state/locations.ts';
import { containerLocks } from '../state/locks.ts';
import { recover } from '../state/recover.ts';
import { clearRun } from '../state/run-resources.ts';
import { definitionOf, stateOf } from '../state/state.ts';
import { supervisorOf } from '../state/supervisor.ts';

/** Options of a start, with a hook for attaching. */
export interface StartWork extends AbortOptions {
  /**
   * Called when the container is created in the runtime and its supervisor listens, before its process runs: attaching here
   * misses no output. The start fails with the error that this throws.
   */
  readonly onCreated?: (record: ContainerRecord) => Promise<void> | void;
}

/**
 * Starts a stopped container. Does nothing to a running one, as docker does. Resolves once its process runs. Throws
 * ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_START (with docker's exit code in its details), ERR_CONTAINER_START_REFUSED. An
 * abort before the start leaves the container as it was.
 */
export async function startContainer(store: Store, name: string, options: StartWork = {}): Promise<void> {
  const { metadata } = store;
  await endAbandonedSteps(store);
  const { id } = findContainer(metadata.containers, name);
  await using _lock = await (await containerLocks(store, options)).lock(id, options);
  await recover(store, id);
  const record = metadata.containers.get(id);
  if (record === undefined) throw containerNotFound(name);
  const before = stateOf(record);
  if (before.status === 'running') return;
  if (before.status === 'paused') {
    throw startRefusal('cannot start a paused container, try unpause instead', 'Unpause it.');
  }
  options.signal?.throwIfAborted();
  const starting: ContainerState = { ...before, status: 'starting', bootId: bootId() };
  // A concurrent prune may have removed it. Not flushed: after a power cut it counts as never started.
  const found = await changeState(metadata, id, () => starting, { skipFlush: true });
  if (found === undefined) throw containerNotFound(name);
  try {
    const running = await bringUp(store, record, options);
    // The time of the start, not now: a short run may have ended already.
    const happened = [{ action: 'start', time: running.startedAt }];
    await changeState(metadata, id, () => running, { happened });
  } catch (error) {
    await undo(store, record, before, error, options);
    throw error;
  }
}

async function bringUp(store: Store, record: ContainerRecord, options: StartWork): Promise<ContainerState> {
  const { id } = record;
  const runtime = runtimeOf(store, definitionOf(record));
  const plan = await planOf(store, record, options);
  const { bundle } = plan.supervisor;
  rmSync(bundle.directory, { recursive: true, force: true });
  rmSync(join(exitsOf(store.layout), id), { force: true });
  const pid = await store.host.run(launchJob, plan);
  const supervisor = supervisorOf(bundle);
  const process = identify(pid);
  options.signal?.throwIfAborted();
  await options.onCreated?.(record);
  const startedAt = Date.now();
  await startCreated(runtime, id, bundle);
  return { status: 'running', bootId: bootId(), supervisor, process, startedAt };
}

/** Clears the run and records why the start failed, as docker does. */
async function undo(
  store: Store,
  { id }: ContainerRecord,
  before: ContainerState,
  error: unknown,
  { signal }: AbortOptions,
): Promise<void> {
  await clearRun({ store, id, supervisor: supervisorOf(bundleOf(store.layout, id)) });
  rmSync(join(exitsOf(store.layout), id), { force: true });
  const failed = toEndedState(before, {
    exitCode: exitCodeOfStart(error),
    finishedAt: Date.now(),
    error: error instanceof Error ? error.message : String(error),
  });
  await changeState(store.metadata, id, () => (signal?.aborted === true ? before : failed));
}

async function planOf(store: Store, record: ContainerRecord, options: AbortOptions): Promise<LaunchPlan> {
  const { layout } = store;
  const { id, name, snapshotId } = record;
  const definition = definitionOf(record);
  const { config, host } = definition;
  invariant(snapshotId !== undefined, 'a container has a writable layer');
  const { snapshotter } = await store.openDriver();
  const rootfs = await snapshotter.mounts(snapshotId, options);
  for (const folder of [bundlesOf(layout), exitsOf(layout)]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = etcFiles({ hostname: config.Hostname, network: host.NetworkMode, host });
  prepareBindSources(host);
  const ownMounts = writeEtcFiles(folderOf(layout, id), files);
  return {
    program: findSupervisor(),
    rootfs,
    contents: {
      image: config,
      options: runtimeOptions(definition, { id, machine: thisMachine(), ownMounts }),
      user: config.User ?? '',
      groups: host.GroupAdd,
    },
    supervisor: {
      id,
      name,
      bundle: bundleOf(layout, id),
      ...runtimeOf(store, definitionOf(record)),
      exitDirectory: exitsOf(layout),
      logPath: keepsLog(host.LogConfig) ? logPathOf(layout, id) : undefined,
      maxLogBytes: maxLogBytes(host.LogConfig),
      terminal: config.Tty === true,
      stdin: config.OpenStdin === true,
      // A terminal serves both directions: its input cannot end alone.
      keepsStdin: config.StdinOnce !== true || config.Tty === true,
    },
  };
}
