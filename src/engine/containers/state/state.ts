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

/** What metadata keeps for us without looking into it. */
export const stateOf = ({ state }: ContainerRecord): ContainerState => ({ status: 'created', ...states.read(state) });

export const storedState = (state: ContainerState): JsonValue => states.write(state);

export const storedDefinition = (definition: ContainerDefinition): JsonValue => definitions.write(definition);

/** What was asked for. Records of the first version of the format say nothing of it. */
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

/** Of its processes, in every hierarchy. */
export const groupOf = (record: ContainerRecord): string =>
  controlGroupOf(record.id, definitionOf(record).host.CgroupParent);

/**
 * A process lives in it, or is being put there; true as of the last reconciling. One that a command runs by itself lives
 * as long as a lease holds its writable layer, whatever its record says.
 */
export function isRunning({ objects }: Metadata, record: ContainerRecord): boolean {
  const state = stateOf(record);
  if (!isActive(state)) return false;
  if (state.attended !== true) return true;
  const row = record.snapshotId === undefined ? undefined : objects.find('snapshot', record.snapshotId);
  return row !== undefined && objects.countPins(row) > 0;
}

/** Its first process is gone; true of nothing that a record of another boot says. */
export const hasRunOut = (state: ContainerState): boolean =>
  (state.status === 'running' || state.status === 'paused') && state.bootId === bootId() && hasEnded(state);

export const hasEnded = ({ process }: ContainerState): boolean => process !== undefined && !isAlive(process);
