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
import { isLocked } from './file-lock.ts';
import { bundleOf, clearingPlaceOf } from './places.ts';
import { groupOf, hasRunOut, stateOf } from './state.ts';
import { unlessStuck } from './supervisor.ts';
import { patience, within } from './within.ts';

/** A run of a container that is over, or that is to be. */
export interface ContainerRun {
  readonly store: Store;
  readonly id: string;
  /** Undefined when none is known to live. */
  readonly supervisor: ProcessIdentity | undefined;
}

/** Something that a run holds and that outlives its processes. */
export interface RunResource {
  readonly name: string;
  /** Takes it away, if it is there. Idempotent: whatever is killed in the middle, the next command does it again. */
  readonly clear: (run: ContainerRun) => Promise<void> | void;
}

/** Processes, control groups and what the runtime knows. */
const processes: RunResource = {
  name: 'processes',
  clear: async ({ store, id }) => {
    if (!existsSync(bundleOf(store.layout, id).directory)) return;
    const place = clearingPlaceOf(store, id);
    const record = store.metadata.containers.get(id);
    const group = groupIn(store, id);
    // What is frozen does not die (cgroups of version 1). It may be thawed already, or gone.
    if (isFrozen(group)) await freeze(place, id, 'resume').catch(() => undefined);
    // The runtime does no more than we when the first process is gone, and takes longer.
    if (record !== undefined && hasRunOut(stateOf(record))) await forgetInRuntime(place, id, group);
    else await deleteFromRuntime(place, id, group);
  },
};

/** Its root's mount goes with it. */
const supervisor: RunResource = {
  name: 'supervisor',
  clear: async ({ supervisor: process }) => {
    if (process === undefined) return;
    const isGone = (): boolean => !isAlive(process);
    if (!(await unlessStuck(process, isGone))) signalProcess(process, SIGKILL);
    await within(patience.longestMs, isGone);
  },
};

/** A runtime whose supervisor was killed goes on making the container, with the supervisor's lock. */
const orphanedRuntime: RunResource = {
  name: 'orphaned runtime',
  clear: async ({ store, id }) => {
    const { lock } = bundleOf(store.layout, id);
    if (!isLocked(lock)) return;
    const place = clearingPlaceOf(store, id);
    const end = async (): Promise<void> => {
      if (isKnown(place, id)) await deleteFromRuntime(place, id, groupIn(store, id));
    };
    const until = monotonicMs() + patience.longestMs;
    while (isLocked(lock) && monotonicMs() < until) {
      await within(10, () => !isLocked(lock));
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
 * All that a run holds but its exit file, in the order in which it goes. Whatever a run is given that outlives its
 * processes joins here. The bundle is the last: while it is there, processes are looked for.
 */
export const runResources: readonly RunResource[] = [processes, supervisor, orphanedRuntime, execs, bundle];

/** Takes away all that a run of a container holds. Idempotent. */
export async function clearRun(run: ContainerRun): Promise<void> {
  for (const { clear } of runResources) await clear(run);
}

function groupIn({ metadata }: Store, id: string): string {
  const record = metadata.containers.get(id);
  return record === undefined ? controlGroupOf(id) : groupOf(record);
}
