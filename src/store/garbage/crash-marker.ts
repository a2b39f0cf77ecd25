import { isKind } from '../../errors/index.ts';
import type { Leases, StoreLease } from '../../metadata/leases.ts';

/**
 * A lease that keeps nothing, for who takes things away: found dead, it has the next command look for what is nobody's. A
 * full disk has no room for it.
 */
export async function openCrashMarker(leases: Leases, purpose: string): Promise<StoreLease | undefined> {
  try {
    return await leases.open(purpose);
  } catch (error) {
    if (isKind(error, 'exhausted')) return undefined;
    throw error;
  }
}
