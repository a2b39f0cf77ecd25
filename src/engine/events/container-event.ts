import type { ContainerRecord } from '../../metadata/containers.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { definitionOf, labelsOf } from '../containers/state/state.ts';

export interface ContainerEvent {
  /** Docker's name for it, such as `die`. */
  readonly action: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970, for an event that is recorded later than it happened. Default now. */
  readonly time?: number | undefined;
}

/**
 * Records an event of a container in the transaction of the change, with docker's attributes. The name is the current one,
 * or that of `record` when the container has been removed.
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
