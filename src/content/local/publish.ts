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
  /** Path of the complete, verified and flushed data. */
  readonly dataPath: string;
  readonly blobPath: string;
  readonly locks: ObjectLocks;
  readonly health: StoreHealth;
  readonly onStep: (step: 'rename' | 'flush-directory') => void;
}

/** Renames the data to its digest, durably: steps 5 and 6 of a commit. Returns true when the blob existed before. */
export async function publishBlob(request: PublishRequest): Promise<boolean> {
  const { blob, dataPath, blobPath, locks, health, onStep, signal } = request;
  const directory = await open(dirname(blobPath), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const existed = await locks.with(
      'blob',
      blob.digest,
      () => {
        const existing = lstatSync(blobPath, { throwIfNoEntry: false });
        // An existing file is replaced too: only the new bytes have just been verified.
        onStep('rename');
        renameSync(dataPath, blobPath);
        return existing?.isFile() === true && existing.size === blob.sizeBytes;
      },
      { signal },
    );
    onStep('flush-directory');
    // An existing blob is flushed too: its writer may not have flushed it, and we are about to acknowledge it.
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
