// What the store says of a container, and what the kernel says.
import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { bundlesOf } from '../../../src/store/layout.ts';
import { type FoundLeftovers, leftoversOf, nothingLeft } from '../../helpers/leftovers.ts';
import { patienceMs } from '../../helpers/until.ts';

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

/** Numbers of the processes in a container. */
export function processesOf(id: string): number[] {
  const lists = globSync(`/sys/fs/cgroup/{*/,}strata/${id}/cgroup.procs`);
  return [...new Set(lists.flatMap((path) => numbersIn(path)))];
}

function numbersIn(path: string): number[] {
  try {
    return readFileSync(path, 'latin1').split('\n').filter(Boolean).map(Number);
  } catch (error) {
    // Taken away since it was found.
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ENODEV'].includes(String(error.code))) return [];
    throw error;
  }
}

/**
 * Its state, which must be what the kernel says: processes and a bundle for one that runs, nothing for any other. Somebody
 * may be at work yet: a child that the killed command had forked and that was not a program of its own holds its locks for
 * a moment, and a runtime without a supervisor makes a container that runs by its record.
 */
export async function trueState(engine: Engine, name: string): Promise<SeenState | undefined> {
  for (let waited = 0; ; waited += 10) {
    const state = await seen(engine, name);
    if (state === undefined) return undefined;
    const processes = processesOf(state.Id);
    const bundle = existsSync(join(bundlesOf(engine.layout), state.Id));
    const isTrue = state.Running ? processes.includes(state.Pid) : processes.length === 0 && !bundle;
    if (isTrue && ['created', 'running', 'exited'].includes(state.Status)) return state;
    assert.ok(waited < patienceMs, JSON.stringify({ ...state, processes, bundle }));
    await sleep(10);
  }
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

/** What containers leave, and the processes that keep a mount namespace of theirs. */
interface LeftOfContainers extends Omit<FoundLeftovers, 'orphans' | 'trash'> {
  readonly namespaces: readonly string[];
}

/** Returns what containers left, but for what the next collection of garbage takes. */
export async function leftOf(engine: Engine, ids: readonly string[]): Promise<LeftOfContainers> {
  const { orphans: _orphans, trash: _trash, ...left } = await leftoversOf(engine, ids);
  return { ...left, namespaces: processesIn(engine) };
}

const { orphans: _orphans, trash: _trash, ...nothing } = nothingLeft;

/** What {@link leftOf} returns when nothing is left. */
export const nothingOf: LeftOfContainers = { ...nothing, namespaces: [] };
