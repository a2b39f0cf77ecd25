import type { NetworkMode } from '../oci-runtime/network-mode.ts';
import type { RunConfig } from '../spec/config.ts';
import type { ProcessIdentity } from '../sys/process-identity.ts';
import type { HostOptions } from './host-options.ts';

/** Docker's `Config`: how to run the container's process. The requested values replace the image's. */
export interface ContainerConfig extends RunConfig {
  readonly Hostname: string;
  readonly Domainname?: string;
  readonly Tty?: boolean;
  readonly OpenStdin?: boolean;
  /** Standard input ends with the first client that writes some. */
  readonly StdinOnce?: boolean;
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
}

/** Docker's `HostConfig`: the container's access to the machine. Keys and units are docker's. */
export interface HostConfig extends HostOptions {
  readonly NetworkMode: NetworkMode;
  /** True removes the container when it has ended. */
  readonly AutoRemove: boolean;
  readonly ReadonlyRootfs: boolean;
  /** Initial rows and columns of the terminal. */
  readonly ConsoleSize?: readonly [number, number];
}

/** The requested container, with every value decided at creation. */
export interface ContainerDefinition {
  /** The image by the name in the request. */
  readonly image: string;
  readonly config: ContainerConfig;
  readonly host: HostConfig;
}

/**
 * Docker's states, and `starting`: a command has begun to create the container's processes and not yet started them. A
 * record in that state with a free lock was left by a killed command.
 */
export type ContainerStatus = 'created' | 'starting' | 'running' | 'paused' | 'exited' | 'removing' | 'dead';

export interface ContainerState {
  readonly status: ContainerStatus;
  /**
   * True for a foreground run, by the command itself and without a supervisor: it lives as long as a lease holds its
   * writable layer.
   */
  readonly attended?: boolean | undefined;
  /** ID of the boot in which it was last started; none of its processes survives a reboot. */
  readonly bootId?: string | undefined;
  /** conmon, which holds its streams and reports its exit code. */
  readonly supervisor?: ProcessIdentity | undefined;
  /** Its first process, by the host's number. */
  readonly process?: ProcessIdentity | undefined;
  /** Time of the last start and the last end, in milliseconds since 1970. */
  readonly startedAt?: number | undefined;
  readonly finishedAt?: number | undefined;
  readonly exitCode?: number | undefined;
  /** Reason why it could not be started, or what ended it. */
  readonly error?: string | undefined;
  readonly oomKilled?: boolean | undefined;
}

/** True while the container has a process, or one is being started. */
export const isActive = ({ status }: ContainerState): boolean =>
  status === 'starting' || status === 'running' || status === 'paused';

/** Returns docker's name for the state, as `ps` and `inspect` show it. */
export function dockerStatus({ status, startedAt }: ContainerState): Exclude<ContainerStatus, 'starting'> {
  if (status !== 'starting') return status;
  return startedAt === undefined ? 'created' : 'exited';
}

/** The result of a run. */
export type ContainerEnd = Pick<ContainerState, 'exitCode' | 'finishedAt' | 'error' | 'oomKilled'>;

/** Returns the state of a container that is no longer active: it has no process and no boot ID. */
export const toEndedState = ({ startedAt }: ContainerState, how: ContainerEnd): ContainerState => ({
  status: startedAt === undefined ? 'created' : 'exited',
  startedAt,
  ...how,
});
