import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountingGroup } from './accounting-group.ts';
import { type Host, startIdle } from './hosts.ts';

/** Kilobytes by the name of the program. */
type Sizes = ReadonlyMap<string, number>;

const field = (text: string, name: string): string => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(text)?.[1] ?? '';

function sizesOf(group: AccountingGroup): Sizes {
  const sizes = new Map<string, number>();
  for (const pid of group.processes()) {
    try {
      const name = field(readFileSync(`/proc/${pid}/status`, 'utf8'), 'Name');
      const size = Number(field(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss'));
      sizes.set(name, (sizes.get(name) ?? 0) + size);
    } catch {
      // The process ended between the two reads.
    }
  }
  return sizes;
}

/** Waits, at most ten seconds, until the sum changes by at most a hundredth within a second, and returns the sizes. */
async function waitForSteadySizes(group: AccountingGroup, signal: AbortSignal): Promise<Sizes> {
  let before = sizesOf(group);
  for (let attempt = 0; attempt < 10; attempt++) {
    await sleep(1000, undefined, { signal });
    const now = sizesOf(group);
    if (Math.abs(sum(now) - sum(before)) <= sum(before) / 100) return now;
    before = now;
  }
  return before;
}

const sum = (sizes: Sizes): number => [...sizes.values()].reduce((total, size) => total + size, 0);
const megabytes = (kilobytes: number): string => ((kilobytes * 1024) / 1e6).toFixed(2);

/**
 * Returns a table of each host's memory without containers (its daemon), and of the memory that each idle container
 * adds.
 */
export async function supervisorMemory(
  hosts: readonly Host[],
  count: number,
  { signal }: { readonly signal: AbortSignal },
): Promise<string> {
  const lines = ['| | per container MB | made of | without containers MB | made of |', '|---|---|---|---|---|'];
  for (const host of hosts) {
    process.stderr.write(`${host.name}: ${count} idle containers\n`);
    const without = await waitForSteadySizes(host.group, signal);
    await startIdle(host, count, 'idle');
    const all = await waitForSteadySizes(host.group, signal);
    const added = new Map([...all].map(([name, size]) => [name, (size - (without.get(name) ?? 0)) / count]));
    await host.clear();
    lines.push(
      `| ${host.name} | ${megabytes(sum(added))} | ${parts(added)} | ${megabytes(sum(without))} | ${parts(without)} |`,
    );
  }
  return `${lines.join('\n')}\n`;
}

const parts = (sizes: Sizes): string =>
  [...sizes]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, size]) => `${name} ${megabytes(size)}`)
    .join(', ') || '–';
