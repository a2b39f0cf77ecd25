// What the store says of a container, and what the kernel says.
import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { leftBehind } from '../../helpers/container-store.ts';
import { namesIn } from '../../helpers/store-leftovers.ts';

export interface SeenState {
  readonly Id: string;
  readonly Status: string;
  readonly Running: boolean;
  readonly Pid: number;
  readonly ExitCode: number;
}

/** What `inspect` says of a container's state; undefined when there is none of that name. */
export async function seen({ containers }: Engine, name: string): Promise<SeenState | undefined> {
  try {
    const { Id, State } = await containers.inspect(name);
    return { Id, ...(State as object) } as SeenState;
  } catch (error) {
    if (isStrataError(error, 'ERR_CONTAINER_NOT_FOUND')) return undefined;
    throw error;
  }
}

function processesOf(id: string): number[] {
  const lists = globSync(`/sys/fs/cgroup/{*/,}strata/${id}/cgroup.procs`);
  return [...new Set(lists.flatMap((path) => readFileSync(path, 'latin1').split('\n').filter(Boolean).map(Number)))];
}

/** {@link seen}, when the first process of one that runs is there: a command may make one without a supervisor. */
async function seenWhole(engine: Engine, name: string): Promise<SeenState | undefined> {
  for (let waited = 0; ; waited += 10) {
    const state = await seen(engine, name);
    if (state?.Running !== true || state.Pid > 0) return state;
    assert.ok(waited < 10_000, 'running, without a process');
    await sleep(10);
  }
}

/** Its state, which must be what the kernel says: processes and a bundle for one that runs, nothing for any other. */
export async function trueState(engine: Engine, name: string): Promise<SeenState | undefined> {
  const state = await seenWhole(engine, name);
  if (state === undefined) return undefined;
  const processes = processesOf(state.Id);
  assert.ok(['created', 'running', 'exited'].includes(state.Status), state.Status);
  if (state.Running) assert.ok(processes.includes(state.Pid), `${state.Pid} of ${processes.join()}`);
  else {
    assert.deepEqual(processes, [], `nothing runs in one that is ${state.Status}`);
    assert.ok(!existsSync(join(engine.layout.run, 'bundles', state.Id)), 'no bundle');
  }
  return state;
}

/** Processes that are in a mount namespace in which the store's container files are mounted: what keeps one alive. */
function processesIn({ layout }: Engine): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'latin1');
      return mounts.includes(layout.root) || mounts.includes(layout.run);
    } catch {
      return false;
    }
  });
}

/** {@link leftBehind} with what joins containers, and whoever keeps a mount namespace. */
export const leftOf = (engine: Engine, ids: readonly string[]): Record<string, readonly string[]> => ({
  ...leftBehind(engine, ids),
  execs: namesIn(join(engine.layout.run, 'execs')),
  namespaces: processesIn(engine),
});
