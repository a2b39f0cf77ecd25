// State of a container by the store, and by the kernel.
import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { bundlesOf } from '../../../src/store/layout.ts';
import { type FoundLeftovers, leftoversOf, nothingLeft } from '../../helpers/leftovers.ts';
import { patienceMs } from '../../helpers/until.ts';

export interface InspectedState {
  readonly Id: string;
  readonly Status: string;
  readonly Running: boolean;
  readonly Pid: number;
  readonly ExitCode: number;
}

/** Returns the state of a container by `inspect`; undefined when none has that name. */
export async function inspectState({ containers }: Engine, name: string): Promise<InspectedState | undefined> {
  try {
    const { Id, State } = await containers.inspect(name);
    return { Id, ...(State as object) } as InspectedState;
  } catch (error) {
    if (isStrataError(error, 'ERR_CONTAINER_NOT_FOUND')) return undefined;
    throw error;
  }
}

/** Returns the numbers of the processes in a container. */
export function processesOf(id: string): number[] {
  const lists = globSync(`/sys/fs/cgroup/{*/,}strata/${id}/cgroup.procs`);
  return [...new Set(lists.flatMap((path) => numbersIn(path)))];
}

function numbersIn(path: string): number[] {
  try {
    return readFileSync(path, 'latin1').split('\n').filter(Boolean).map(Number);
  } catch (error) {
    // The control group was removed since it was found.
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ENODEV'].includes(String(error.code))) return [];
    throw error;
  }
}

/**
 * Returns the state of a container, which must agree with the kernel: processes and a bundle when it runs, nothing
 * otherwise. It may take a moment: a child that the killed command had forked holds its locks until it executes its
 * program, and a runtime without a supervisor may still create a container that counts as running.
 */
export async function readTrueState(engine: Engine, name: string): Promise<InspectedState | undefined> {
  for (let waited = 0; ; waited += 10) {
    const state = await inspectState(engine, name);
    if (state === undefined) return undefined;
    const processes = processesOf(state.Id);
    const bundle = existsSync(join(bundlesOf(engine.layout), state.Id));
    const isTrue = state.Running ? processes.includes(state.Pid) : processes.length === 0 && !bundle;
    if (isTrue && ['created', 'running', 'exited'].includes(state.Status)) return state;
    assert.ok(waited < patienceMs, JSON.stringify({ ...state, processes, bundle }));
    await sleep(10);
  }
}

/** Returns the processes in a mount namespace in which the store's files are mounted: they keep it alive. */
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

/** Remains of containers, and the processes that keep a mount namespace of theirs. */
interface LeftOfContainers extends Omit<FoundLeftovers, 'orphans' | 'trash'> {
  readonly namespaces: readonly string[];
}

/** Returns remains of containers, without those that the next collection of garbage takes. */
export async function leftOf(engine: Engine, ids: readonly string[]): Promise<LeftOfContainers> {
  const { orphans: _orphans, trash: _trash, ...left } = await leftoversOf(engine, ids);
  return { ...left, namespaces: processesIn(engine) };
}

const { orphans: _orphans, trash: _trash, ...nothing } = nothingLeft;

/** Result of {@link leftOf} when nothing is left. */
export const nothingOf: LeftOfContainers = { ...nothing, namespaces: [] };
