import { isStrataError } from '../../../errors/index.ts';
import { countChangedBytes } from '../../../layer/diff/count-changed-bytes.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import type { Store } from '../../../store/store.ts';
import { readWhilePresent } from './read-race.ts';

/** Size of a container's files, in bytes. */
export interface ContainerSize {
  /** Files in its writable layer. */
  readonly writtenBytes: number;
  /** Files in its writable layer and in its image. */
  readonly rootBytes: number;
}

const attempts = 3;

/** Measures a container's files. Approximate for a running one. */
export async function measureSize(
  { metadata, trees }: Store,
  { id, imageId, snapshotId }: ContainerRecord,
  options: AbortOptions,
): Promise<ContainerSize> {
  const imageBytes = imageId === undefined ? 0 : (metadata.images.get(imageId)?.sizeBytes ?? 0);
  if (snapshotId === undefined) return { writtenBytes: 0, rootBytes: imageBytes };
  for (let attempt = 1; ; attempt++) {
    try {
      const writtenBytes = await readWhilePresent(metadata.containers, id, async () => {
        await using changes = await trees.openChanges(snapshotId, { ...options, access: 'read' });
        return await countChangedBytes(changes.tree, options);
      });
      return { writtenBytes, rootBytes: writtenBytes + imageBytes };
    } catch (error) {
      // Directories may appear and vanish while it runs.
      if (!isStrataError(error, 'ERR_CONTAINER_CHANGED') || attempt === attempts) throw error;
    }
  }
}
