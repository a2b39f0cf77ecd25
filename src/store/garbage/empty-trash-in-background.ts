import { join } from 'node:path';
import { strataVersion } from '../../lib/strata-version.ts';
import { keepHelper } from '../../sys/helper/keep-helper.ts';
import { workerUrl } from '../../sys/worker/worker-url.ts';
import type { StoreLayout } from '../layout.ts';

/**
 * Starts a helper process of low priority that empties the trash and outlives the command. If it cannot be started, or
 * is killed, the next command that removes something empties the trash.
 */
export async function emptyTrashInBackground({ locks, trash }: Pick<StoreLayout, 'locks' | 'trash'>): Promise<void> {
  await keepHelper({
    program: workerUrl('trash-worker', import.meta.url),
    args: [trash],
    version: strataVersion(),
    lock: join(locks, 'helpers/trash'),
  });
}
