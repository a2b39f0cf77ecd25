import { existsSync, rmSync } from 'node:fs';
import { clearExecFolders } from '../../../containers/exec/folder.ts';
import {
  controlGroupOf,
  deleteFromRuntime,
  forgetInRuntime,
  freeze,
  isKnown,
} from '../../../containers/runtime/runtime-commands.ts';
import { SIGKILL } from '../../../containers/signals.ts';
import { execsOf } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import { isFrozen } from '../../../sys/control-groups.ts';
import { monotonicMs } from '../../../sys/monotonic.ts';
import { isAlive, type ProcessIdentity, signalProcess } from '../../../sys/process-identity.ts';
import { isLocked } from './is-locked.ts';
import { bundleOf, clearingRuntimeOf } from './locations.ts';
import { groupOf, hasRunEnded, stateOf } from './state.ts';
import { waitUnlessStuck } from './supervisor.ts';
import { patience, waitWithin } from './wait-within.ts';

/** A run of a container that has ended or is to be ended. */
export interface ContainerRun {
  readonly store: Store;
  readonly id: string;
  /** Undefined when no live supervisor is known. */
  readonly supervisor: ProcessIdentity | undefined;
}

/** A resource of a run that outlives its processes. */
export interface RunResource {
  readonly name: string;
  /** Removes the resource if it exists. Idempotent: the next command repeats it after a kill. */
  readonly clear: (run: ContainerRun) => Promise<void> | void;
}

/** Processes, control groups and the runtime's state. */
const processes: RunResource = {
  name: 'processes',
  clear: async ({ store, id }) => {
    if (!existsSync(bundleOf(store.layout, id).directory)) return;
    const runtime = clearingRuntimeOf(store, id);
    const record = store.metadata.containers.get(id);
    const group = groupIn(store, id);
    // Frozen processes do not die (cgroups of version 1). A failure means that it is thawed already, or gone.
    if (isFrozen(group)) await freeze(runtime, id, 'resume').catch(() => undefined);
    // Once the main process is gone the runtime does no more than this, and is slower.
    if (record !== undefined && hasRunEnded(stateOf(record))) await forgetInRuntime(runtime, id, group);
    else await deleteFromRuntime(runtime, id, group);
  },
};

/** The supervisor. The mount of the container's root ends with it. */
const supervisor: RunResource = {
  name: 'supervisor',
  clear: async ({ supervisor: process }) => {
    if (process === undefined) return;
    const isGone = (): boolean => !isAlive(process);
    if (!(await waitUnlessStuck(process, isGone))) signalProcess(process, SIGKILL);
    await waitWithin(patience.longestMs, isGone);
  },
};

/** A runtime whose supervisor was killed. It continues to create the container and has inherited the supervisor's lock. */
const orphanedRuntime: RunResource = {
  name: 'orphaned runtime',
  clear: async ({ store, id }) => {
    const { lock } = bundleOf(store.layout, id);
    if (!isLocked(lock)) return;
    const runtime = clearingRuntimeOf(store, id);
    const end = async (): Promise<void> => {
      if (isKnown(runtime, id)) await deleteFromRuntime(runtime, id, groupIn(store, id));
    };
    const until = monotonicMs() + patience.longestMs;
    while (isLocked(lock) && monotonicMs() < until) {
      await waitWithin(10, () => !isLocked(lock));
      await end();
    }
  },
};

const execs: RunResource = {
  name: 'execs',
  clear: async ({ store, id }) => await clearExecFolders(execsOf(store.layout), id),
};

const bundle: RunResource = {
  name: 'bundle',
  clear: ({ store, id }) => rmSync(bundleOf(store.layout, id).directory, { recursive: true, force: true }),
};

/**
 * All resources of a run except its exit file, in the order of removal. New resources that outlive the processes belong
 * here. The bundle is last: while it exists, processes are looked for.
 */
export const runResources: readonly RunResource[] = [processes, supervisor, orphanedRuntime, execs, bundle];

/** Removes all resources of a run. Idempotent. */
export async function clearRun(run: ContainerRun): Promise<void> {
  for (const { clear } of runResources) await clear(run);
}

function groupIn({ metadata }: Store, id: string): string {
  const record = metadata.containers.get(id);
  return record === undefined ? controlGroupOf(id) : groupOf(record);
}
