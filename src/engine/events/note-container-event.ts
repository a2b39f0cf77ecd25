import type { ContainerRecord } from '../../metadata/containers.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { recordBestEffort } from '../../metadata/record-best-effort.ts';
import { addContainerEvent, type ContainerEvent } from './container-event.ts';

/** Records events that come with no change of the store, without a flush. May be dropped when the store is busy. */
export async function noteContainerEvent(
  metadata: Metadata,
  record: ContainerRecord,
  ...events: readonly ContainerEvent[]
): Promise<void> {
  await recordBestEffort(metadata, () => {
    for (const event of events) addContainerEvent(metadata, record, event);
  });
}
