import type { ContainerOptions, Machine } from '../oci-runtime/from-image.ts';
import type { ContainerMount } from '../oci-runtime/mounts.ts';
import { controlGroupOf } from './runtime-commands.ts';
import type { ContainerDefinition } from './state.ts';

export interface RuntimeOptionsInput {
  readonly id: string;
  readonly machine: Machine;
  /** What the engine lays into the container itself, see `writeEtcFiles`. */
  readonly ownMounts: readonly ContainerMount[];
}

/** What a definition means to the runtime; the process itself (command, environment, user) is in its `config`. */
export function runtimeOptions(
  { config, host }: ContainerDefinition,
  { id, machine, ownMounts }: RuntimeOptionsInput,
): Omit<ContainerOptions, 'user' | 'rootPath'> {
  const [height, width] = host.ConsoleSize ?? [];
  return {
    hostname: config.Hostname,
    domainname: config.Domainname,
    network: host.NetworkMode,
    machine,
    terminal: config.Tty,
    consoleSize: height === undefined || width === undefined ? undefined : { height, width },
    readonlyRootfs: host.ReadonlyRootfs,
    mounts: ownMounts,
    cgroupsPath: controlGroupOf(id),
  };
}
