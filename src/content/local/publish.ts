import { constants, lstatSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AbortOptions } from '../../lib/abort.ts';
import { flushFailed } from '../disk-failure.ts';
import type { ObjectLocks } from '../object-locks.ts';
import type { StoredBlob } from '../types.ts';
import type { StoreHealth } from './health.ts';

export interface PublishRequest extends AbortOptions {
  readonly blob: StoredBlob;
  /** Complete, verified and flushed. */
  readonly dataPath: string;
  readonly blobPath: string;
  readonly locks: ObjectLocks;
  readonly health: StoreHealth;
  readonly onStep: (step: 'rename' | 'flush-directory') => void;
}

/** Steps 5 and 6 of a commit: gives the data its name, durably. Answers whether the blob stood already. */
export async function publishBlob(request: PublishRequest): Promise<boolean> {
  const { blob, dataPath, blobPath, locks, health, onStep, signal } = request;
  const directory = await open(dirname(blobPath), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const existed = await locks.with(
      'blob',
      blob.digest,
      () => {
        const standing = lstatSync(blobPath, { throwIfNoEntry: false });
        // Also over a file that stands: only these bytes have just been verified.
        onStep('rename');
        renameSync(dataPath, blobPath);
        return standing?.isFile() === true && standing.size === blob.sizeBytes;
      },
      { signal },
    );
    onStep('flush-directory');
    // Also when it existed: its writer may not have come this far, and we are about to acknowledge it.
    await directory.sync().catch((error: unknown) => {
      health.markDegraded(dirname(blobPath), error);
      if (!existed) rmSync(blobPath, { force: true });
      throw flushFailed(blobPath, error);
    });
    return existed;
  } finally {
    await directory.close();
  }
}
