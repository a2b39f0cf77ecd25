import type { ContainerRecord } from '../../metadata/containers.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { definitionOf, labelsOf } from '../containers/state/state.ts';

export interface ContainerEvent {
  /** As docker names it. */
  readonly action: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970 of something that is found out later; default now. */
  readonly time?: number | undefined;
}

/** Writes down what happened to a container, in the transaction of the change; attributes as docker's. */
export function addContainerEvent(
  { events }: Pick<Metadata, 'events'>,
  record: ContainerRecord,
  { action, attributes = {}, time }: ContainerEvent,
): void {
  const own = { image: definitionOf(record).image, name: record.name };
  events.add({
    type: 'container',
    action,
    actor: record.id,
    attributes: { ...labelsOf(record), ...attributes, ...own },
    time,
  });
}
