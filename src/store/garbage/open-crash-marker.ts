import { isKind } from '../../errors/index.ts';
import type { Leases, StoreLease } from '../../metadata/leases.ts';

/**
 * Opens a lease that pins nothing, to be held during a removal. If the process is killed midway, the next command finds
 * the lease dead and collects the leftovers. Returns undefined on a full disk, which has no space for it.
 */
export async function openCrashMarker(leases: Leases, purpose: string): Promise<StoreLease | undefined> {
  try {
    return await leases.open(purpose);
  } catch (error) {
    if (isKind(error, 'exhausted')) return undefined;
    throw error;
  }
}
