import type { NetworkMode } from '../oci-runtime/network-mode.ts';
import type { RunConfig } from '../spec/config.ts';
import type { ProcessIdentity } from '../sys/process-identity.ts';
import type { HostOptions } from './host-options.ts';

/** Docker's `Config`: how the container's process is run, the image's values with the asked-for ones in their place. */
export interface ContainerConfig extends RunConfig {
  readonly Hostname: string;
  readonly Domainname?: string;
  readonly Tty?: boolean;
  readonly OpenStdin?: boolean;
  /** Standard input ends with the first client that gives some. */
  readonly StdinOnce?: boolean;
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
}

/** Docker's `HostConfig`: what the container gets of the machine. Keys and units are docker's. */
export interface HostConfig extends HostOptions {
  readonly NetworkMode: NetworkMode;
  /** Removed when it has ended. */
  readonly AutoRemove: boolean;
  readonly ReadonlyRootfs: boolean;
  /** Rows and columns of the terminal when the process first looks. */
  readonly ConsoleSize?: readonly [number, number];
}

/** What was asked for, settled when the container is made. */
export interface ContainerDefinition {
  /** The image as it was named. */
  readonly image: string;
  readonly config: ContainerConfig;
  readonly host: HostConfig;
}

/**
 * Docker's states, and `starting`: somebody is between making the container's processes and letting them go. A record in
 * that state whose lock is free was left by a killed command.
 */
export type ContainerStatus = 'created' | 'starting' | 'running' | 'paused' | 'exited' | 'removing' | 'dead';

export interface ContainerState {
  readonly status: ContainerStatus;
  /** Run by the command itself, without a supervisor: it lives as long as some lease holds its writable layer. */
  readonly attended?: boolean | undefined;
  /** The boot in which it was last started; in another one none of its processes is left. */
  readonly bootId?: string | undefined;
  /** conmon, which holds its streams and says how it ended. */
  readonly supervisor?: ProcessIdentity | undefined;
  /** Its first process, as the host sees it. */
  readonly process?: ProcessIdentity | undefined;
  /** Milliseconds since 1970, of the last start and the last end. */
  readonly startedAt?: number | undefined;
  readonly finishedAt?: number | undefined;
  readonly exitCode?: number | undefined;
  /** Why it could not be started, or what ended it. */
  readonly error?: string | undefined;
  readonly oomKilled?: boolean | undefined;
}

/** A process is in it, or is being put there. */
export const isActive = ({ status }: ContainerState): boolean =>
  status === 'starting' || status === 'running' || status === 'paused';

/** Docker's name for the state, as `ps` and `inspect` show it. */
export function shownStatus({ status, startedAt }: ContainerState): Exclude<ContainerStatus, 'starting'> {
  if (status !== 'starting') return status;
  return startedAt === undefined ? 'created' : 'exited';
}

/** How a run ended. */
export type ContainerEnd = Pick<ContainerState, 'exitCode' | 'finishedAt' | 'error' | 'oomKilled'>;

/** What stays of a state when the container is no longer active: no process, no boot. */
export const ended = ({ startedAt }: ContainerState, how: ContainerEnd): ContainerState => ({
  status: startedAt === undefined ? 'created' : 'exited',
  startedAt,
  ...how,
});
