import { controlGroupOf } from '../../../containers/runtime/runtime-commands.ts';
import { type ContainerDefinition, type ContainerState, isActive } from '../../../containers/state.ts';
import type { JsonValue } from '../../../errors/index.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import type { Metadata } from '../../../metadata/metadata.ts';
import { VersionedJson } from '../../../metadata/versioned-json.ts';
import { bootId } from '../../../sys/boot-id.ts';
import { isAlive } from '../../../sys/process-identity.ts';

const states = new VersionedJson<ContainerState>('state of a container');
const definitions = new VersionedJson<ContainerDefinition>('definition of a container');

/** Decodes the state, which metadata stores as opaque JSON. */
export const stateOf = ({ state }: ContainerRecord): ContainerState => ({ status: 'created', ...states.read(state) });

export const encodeState = (state: ContainerState): JsonValue => states.write(state);

export const encodeDefinition = (definition: ContainerDefinition): JsonValue => definitions.write(definition);

/** Decodes the definition. Records of the first format version lack some fields and get the defaults of that time. */
export function definitionOf({ id, definition }: ContainerRecord): ContainerDefinition {
  const { image = '', config, host } = definitions.read(definition);
  return {
    image,
    config: { Hostname: id.slice(0, 12), ...config },
    host: {
      NetworkMode: 'none',
      AutoRemove: false,
      ReadonlyRootfs: false,
      ...host,
    },
  };
}

export const labelsOf = (record: ContainerRecord): Readonly<Record<string, string>> =>
  definitionOf(record).config.Labels ?? {};

/** Returns the path of its control group, the same in every hierarchy. */
export const groupOf = (record: ContainerRecord): string =>
  controlGroupOf(record.id, definitionOf(record).host.CgroupParent);

/**
 * True when it has a process or is being started, as of the last reconciliation. A foreground run lives as long as a lease
 * holds its writable layer, whatever its record says.
 */
export function isRunning({ objects }: Metadata, record: ContainerRecord): boolean {
  const state = stateOf(record);
  if (!isActive(state)) return false;
  if (state.attended !== true) return true;
  const row = record.snapshotId === undefined ? undefined : objects.find('snapshot', record.snapshotId);
  return row !== undefined && objects.countPins(row) > 0;
}

/** True when the main process of a run in this boot is gone. Always false for records of another boot. */
export const hasRunEnded = (state: ContainerState): boolean =>
  (state.status === 'running' || state.status === 'paused') && state.bootId === bootId() && hasEnded(state);

export const hasEnded = ({ process }: ContainerState): boolean => process !== undefined && !isAlive(process);
