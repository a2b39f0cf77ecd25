import type { ContainerRecord } from '../../metadata/containers.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { recordBestEffort } from '../../metadata/record-best-effort.ts';
import { addContainerEvent, type ContainerEvent } from './container-event.ts';

/** Writes down, unflushed, what nothing is changed by. */
export async function noteContainer(
  metadata: Metadata,
  record: ContainerRecord,
  ...events: readonly ContainerEvent[]
): Promise<void> {
  await recordBestEffort(metadata, () => {
    for (const event of events) addContainerEvent(metadata, record, event);
  });
}
