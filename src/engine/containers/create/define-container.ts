import { hostname } from 'node:os';
import type { Configuration } from '../../../configuration/settings.ts';
import { signalNumber } from '../../../containers/signals.ts';
import type { ContainerConfig, ContainerDefinition, HostConfig } from '../../../containers/state.ts';
import { checkChoice } from '../../../errors/option.ts';
import { resolveCommand } from '../../../oci-runtime/command.ts';
import { processEnvironment } from '../../../oci-runtime/environment.ts';
import { checkHostname } from '../../../oci-runtime/hostname.ts';
import { networkProperties } from '../../../oci-runtime/network-mode.ts';
import { resolveWorkingDirectory } from '../../../oci-runtime/working-directory.ts';
import type { RunConfig } from '../../../spec/config.ts';
import { thisMachine } from '../../machine.ts';
import { checkHost, refuseHostname } from './check-host.ts';
import { containerConfig } from './config.ts';
import type { CreateRequest } from './create-types.ts';
import { withDefaults } from './with-defaults.ts';

/**
 * Returns the definition of a container from the request and the image's config. Checks all that can be checked before
 * anything is created. Throws ERR_COMMAND_MISSING, ERR_COMMAND_INVALID, ERR_ENVIRONMENT_INVALID, ERR_WORKING_DIRECTORY_INVALID, ERR_HOSTNAME_INVALID,
 * ERR_SIGNAL_INVALID, ERR_OPTION_INVALID, and what `checkHost` throws.
 */
export function defineContainer(
  image: RunConfig,
  id: string,
  request: CreateRequest,
  configuration: Configuration,
): ContainerDefinition {
  const { network = 'none', remove = false, readOnly = false, attach = [] } = request;
  const { stopSignal, stopTimeout, terminalSize: size } = request;
  for (const stream of attach) checkChoice('attach', stream, ['stdin', 'stdout', 'stderr']);
  const config: ContainerConfig = {
    ...containerConfig(image, request),
    Hostname: request.hostname === undefined ? defaultHostname(id, request) : checkHostname(request.hostname),
    ...(request.domainname === undefined ? {} : { Domainname: checkHostname(request.domainname) }),
    Tty: request.terminal === true,
    OpenStdin: request.interactive === true,
    StdinOnce: request.interactive === true && attach.includes('stdin'),
    AttachStdin: attach.includes('stdin'),
    AttachStdout: attach.includes('stdout'),
    AttachStderr: attach.includes('stderr'),
    ...(stopSignal === undefined ? {} : { StopSignal: stopSignal }),
    ...(stopTimeout === undefined ? {} : { StopTimeout: stopTimeout }),
  };
  const host: HostConfig = {
    ...withDefaults(request.host ?? {}, configuration),
    NetworkMode: network,
    AutoRemove: remove,
    ReadonlyRootfs: readOnly,
    ...(size === undefined ? {} : { ConsoleSize: [size.rows, size.columns] }),
  };
  check(image, config, request);
  if (request.hostname !== undefined) refuseHostname(host);
  const definition = { image: request.image, config, host };
  checkHost(definition, thisMachine(), configuration);
  return definition;
}

/** Returns docker's default: the host's name on the host's network or in its UTS namespace, otherwise the short ID. */
function defaultHostname(id: string, { network, host }: CreateRequest): string {
  return (network !== undefined && networkProperties(network).isHosts) || host?.UTSMode === 'host'
    ? hostname()
    : id.slice(0, 12);
}

function check(image: RunConfig, config: ContainerConfig, { environment = [], stopSignal }: CreateRequest): void {
  resolveCommand(config);
  resolveWorkingDirectory(config.WorkingDir ?? '');
  // The image's signal is not checked here: an image with an unknown one can still be run.
  if (stopSignal !== undefined) signalNumber(stopSignal);
  processEnvironment({
    image: image.Env ?? [],
    own: environment,
    hostname: config.Hostname,
    terminal: config.Tty === true,
    home: '/',
  });
}
