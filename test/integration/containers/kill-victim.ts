// Finds and kills processes that work on a store's containers, at points that a seed decides.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../../src/engine/index.ts';
import type { Random } from '../../helpers/random.ts';
import type { KilledVerb, Victim } from './killed-verbs.ts';

interface Found {
  readonly pid: number;
  readonly program: 'conmon' | 'runc' | 'init';
}

const pids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

const parentOf = (pid: number): number => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 4).split(' ')[0]);
  } catch {
    return 0;
  }
};

export const isThere = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
};

/** Returns the programs that work for one store now, without those of `others`. */
export function workersOf({ layout }: Engine, others: ReadonlySet<number>): Found[] {
  const found: Found[] = [];
  const inits: number[] = [];
  for (const pid of pids()) {
    if (others.has(pid)) continue;
    const line = commandLine(pid);
    const [, program] = /^(?:[^\s\0]*\/)?(conmon|runc)\0/.exec(line) ?? [];
    if (/^(?:[^\s\0]*\/)?runc\0init\0/.test(line)) inits.push(pid);
    else if (program !== undefined && line.includes(layout.run)) found.push({ pid, program: program as 'conmon' });
  }
  const family = new Set(found.map(({ pid }) => pid));
  // A child has a higher number than its parent, as long as numbers do not wrap around.
  const ours = inits.sort((a, b) => a - b).filter((pid) => family.has(parentOf(pid)) && family.add(pid));
  return [...found, ...ours.map((pid) => ({ pid, program: 'init' as const }))];
}

/** True when the runtime's child runs another program: the container's. */
function isMade(engine: Engine, others: ReadonlySet<number>): boolean {
  const runtimes = workersOf(engine, others).flatMap(({ pid, program }) => (program === 'runc' ? [pid] : []));
  return pids().some((pid) => runtimes.includes(parentOf(pid)) && /^(?!(?:[^\s\0]*\/)?runc\0)./.test(commandLine(pid)));
}

/** Returns all existing processes, to tell later ones from. */
export const allProcesses = (): Set<number> => new Set(pids());

function kill(pid: number): boolean {
  const wasThere = isThere(pid);
  try {
    process.kill(pid, 'SIGKILL');
    return wasThere;
  } catch {
    return false;
  }
}

const patienceMs = 5000;

export interface KillPlan {
  readonly engine: Engine;
  readonly verb: KilledVerb;
  readonly victim: Victim;
  readonly random: Random;
  /** Number of the command's process. */
  readonly command: number;
  readonly isOver: () => boolean;
  /** Time of the kill after the command's start, for victims that exist all the time. */
  readonly afterMs: number;
  /** Processes that do not belong to the verb. */
  readonly others: ReadonlySet<number>;
}

/** Kills the victim; returns the killed processes, none when the command was faster. */
export async function killVictim(plan: KillPlan): Promise<number[]> {
  const { engine, verb, victim, random, command, isOver, afterMs, others } = plan;
  if (victim === 'nobody') return [];
  if (victim === 'command') {
    await sleep(afterMs);
    return kill(command) ? [command] : [];
  }
  if (victim === 'all' || (victim === 'conmon' && verb.isSupervised === true)) {
    await sleep(afterMs);
    const workers = workersOf(engine, others).filter(({ program }) => victim === 'all' || program === 'conmon');
    const all = [...(victim === 'all' ? [command] : []), ...workers.map(({ pid }) => pid)];
    return all.filter(kill);
  }
  // The victim is the nth of its kind, some moments after its start.
  const wanted = victim === 'runc' ? random.next(verb.runtimes) : 0;
  const delayMs = random.next(victim === 'init' ? 15 : victim === 'runc' ? 60 : 120);
  const met = new Set<number>();
  const mine = (): number[] =>
    workersOf(engine, others).flatMap(({ pid, program }) => (program === victim ? [pid] : []));
  // A running container has no init of the runtime any more, however long its command stays.
  for (const until = performance.now() + patienceMs; !isOver() && performance.now() < until; ) {
    for (const worker of mine()) met.add(worker);
    const [pid] = [...met].slice(wanted);
    if (pid !== undefined) {
      if (delayMs > 0) await sleep(delayMs);
      // A forked child had the name until it executed another program; conmon goes on as its own child.
      const now = mine();
      const target = now.includes(pid) ? pid : victim === 'conmon' ? now.at(-1) : undefined;
      if (target === undefined || !kill(target)) return [];
      // An init that had done its part dies without effect: the container runs, and its command stays with it.
      if (victim === 'init' && verb.stays === true) {
        for (; !isOver(); await sleep(5)) if (isMade(engine, others)) return [];
      }
      return [target];
    }
    await sleep(1);
  }
  return [];
}
