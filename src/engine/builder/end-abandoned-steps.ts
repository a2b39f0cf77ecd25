import { readdirSync } from 'node:fs';
import { stepsOf } from '../../store/layout.ts';
import type { Store } from '../../store/store.ts';
import { ifThere } from '../../sys/if-there.ts';

/**
 * Ends build steps whose builds were killed, and removes their state in the runtime. Returns their number. Called before
 * garbage collection, which removes the layers they write into, and before containers are created or started:
 * otherwise the steps could go on for days, until a collection. Costs one directory listing when there are none.
 */
export async function endAbandonedSteps(store: Store): Promise<number> {
  const { layout } = store;
  const { leases } = store.metadata;
  const ids = namesIn(stepsOf(layout));
  if (ids.length === 0) return 0;
  // In this order: a lease is recorded before its first step begins.
  await leases.removeDead();
  const live = new Set(leases.list().map(({ id }) => id));
  const abandoned = ids.filter((name) => !live.has(name.replace(/-\d+$/, '')));
  if (abandoned.length > 0) {
    const { endSteps } = await import('./end-steps.ts');
    await endSteps(store, stepsOf(layout), abandoned);
  }
  return abandoned.length;
}

function namesIn(folder: string): string[] {
  return ifThere(() => readdirSync(folder)) ?? [];
}
