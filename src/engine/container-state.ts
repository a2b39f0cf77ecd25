import type { JsonValue } from '../errors/index.ts';
import type { ContainerRecord } from '../metadata/containers.ts';
import type { Metadata } from '../metadata/metadata.ts';
import type { RunConfig } from '../spec/config.ts';

/** What is remembered of a container; metadata keeps it without looking into it. */
export interface ContainerState {
  /**
   * `running` is what the command writes before it starts the process; whether it is still true, {@link isRunning} tells.
   * `created`: could not be started.
   */
  readonly status: 'created' | 'running' | 'exited';
  readonly labels: Readonly<Record<string, string>>;
  /** How it is run: the image's config with what was asked for in its place. Absent in records of the first version. */
  readonly config?: RunConfig;
  /** To be removed when it has ended. */
  readonly remove?: boolean;
  readonly exitCode?: number;
  /** Why it could not be started. */
  readonly error?: string | undefined;
  /** Milliseconds since 1970. */
  readonly finishedAt?: number;
}

/** A process lives in it: some live lease holds its writable layer, whatever its record says. */
export function isRunning({ objects }: Metadata, { snapshotId }: ContainerRecord): boolean {
  const row = snapshotId === undefined ? undefined : objects.find('snapshot', snapshotId);
  return row !== undefined && objects.pinners(row) > 0;
}

/** The state of a container that is not running. */
export function stateOf({ state }: ContainerRecord): ContainerState {
  const { status, labels, ...rest } = state as { readonly [Key in keyof ContainerState]?: ContainerState[Key] };
  // Its command was killed before it could say more.
  const known = status === 'running' ? 'exited' : (status ?? 'created');
  return { ...rest, status: known, labels: labels ?? {} };
}

/** True when the command wrote that it starts the process, and nothing since. */
export const saysRunning = ({ state }: ContainerRecord): boolean =>
  typeof state === 'object' && state !== null && 'status' in state && state.status === 'running';

/** As metadata stores it. */
export const toJson = (state: ContainerState): JsonValue => JSON.parse(JSON.stringify(state)) as JsonValue;
