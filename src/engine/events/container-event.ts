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

/**
 * Writes down what happened to a container, in the transaction of the change; attributes as docker's. Its name is the one
 * that it has by then; `record` counts when it is gone.
 */
export function addContainerEvent(
  { events, containers }: Pick<Metadata, 'events' | 'containers'>,
  record: ContainerRecord,
  { action, attributes = {}, time }: ContainerEvent,
): void {
  const { name } = containers.get(record.id) ?? record;
  const own = { image: definitionOf(record).image, name };
  events.add({
    type: 'container',
    action,
    actor: record.id,
    attributes: { ...labelsOf(record), ...attributes, ...own },
    time,
  });
}
