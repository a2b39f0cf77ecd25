import { isStrataError } from '../../../errors/index.ts';
import { countChangedBytes } from '../../../layer/diff/count-changed-bytes.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import type { Store } from '../../../store/store.ts';
import { readStanding } from './read-race.ts';

export interface ContainerSize {
  /** Of the files in its writable layer. */
  readonly writtenBytes: number;
  /** These, and the files of its image. */
  readonly rootBytes: number;
}

const attempts = 3;

/** What a container takes; of a running one, about now. */
export async function sizeOf(
  { metadata, trees }: Store,
  { id, imageId, snapshotId }: ContainerRecord,
  options: AbortOptions,
): Promise<ContainerSize> {
  const imageBytes = imageId === undefined ? 0 : (metadata.images.get(imageId)?.sizeBytes ?? 0);
  if (snapshotId === undefined) return { writtenBytes: 0, rootBytes: imageBytes };
  for (let attempt = 1; ; attempt++) {
    try {
      const writtenBytes = await readStanding(metadata.containers, id, async () => {
        await using changes = await trees.openChanges(snapshotId, { ...options, access: 'read' });
        return await countChangedBytes(changes.tree, options);
      });
      return { writtenBytes, rootBytes: writtenBytes + imageBytes };
    } catch (error) {
      // Directories come and go while it runs.
      if (!isStrataError(error, 'ERR_CONTAINER_CHANGED') || attempt === attempts) throw error;
    }
  }
}
