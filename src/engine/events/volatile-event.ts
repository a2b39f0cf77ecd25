import type { ContainerRecord } from '../../metadata/containers.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { noteVolatile } from '../../metadata/note-volatile.ts';
import { addContainerEvent, type ContainerEvent } from './container-event.ts';

/** Writes down, unflushed, what nothing is changed by. */
export async function noteContainer(
  metadata: Metadata,
  record: ContainerRecord,
  ...events: readonly ContainerEvent[]
): Promise<void> {
  await noteVolatile(metadata, () => {
    for (const event of events) addContainerEvent(metadata, record, event);
  });
}
