/**
 * The OCI runtime's document: from an image's config and a container's options to `config.json`, by docker's rules and with
 * docker's defaults. Pure: it reads no file.
 *
 * ```ts
 * import { allCapabilities, createRuntimeSpec, formatRuntimeDocument, resolveUser } from 'strata-oci/oci-runtime';
 *
 * const image = { Cmd: ['sh'], Env: ['LANG=C'], User: '1000' };
 * const spec = createRuntimeSpec(image, {
 *   rootPath: '/run/bundle/rootfs',
 *   hostname: 'web',
 *   user: resolveUser(image.User, { passwd: '', group: '' }),
 *   machine: {
 *     architecture: 'amd64',
 *     kernelRelease: '6.18.0',
 *     possibleCpus: '0-3',
 *     capabilities: allCapabilities,
 *     hasUnifiedCgroups: true,
 *   },
 * });
 * console.log(formatRuntimeDocument(spec)); // config.json of a bundle
 * ```
 */

export {
  allCapabilities,
  type CapabilityOptions,
  capabilitySets,
  defaultCapabilities,
  resolveCapabilities,
} from './capabilities.ts';
export { type CommandOptions, type ContainerCommand, resolveCommand } from './command.ts';
export { type ContainerOptions, createRuntimeSpec, type Machine } from './create-runtime-spec.ts';
export type { SeccompSituation } from './default-seccomp.ts';
export { defaultSeccomp } from './default-seccomp.ts';
export { mergeEnvironment } from './environment.ts';
export { formatRuntimeDocument } from './format.ts';
export type { ContainerMount, Propagation } from './mounts.ts';
export { type NetworkMode, type NetworkProperties, networkProperties } from './network-mode.ts';
export { createProcess, type ProcessOptions } from './process.ts';
export type { ContainerDevice, ResourceOptions, Ulimit } from './resources.ts';
export type { SeccompCondition, SeccompProfile, SeccompRule } from './seccomp-profile.ts';
export type { SeccompMachine } from './seccomp-rules.ts';
export type {
  CapabilitySets,
  DeviceRule,
  DeviceSpec,
  LinuxSpec,
  MountSpec,
  NamespaceType,
  ProcessSpec,
  ResourcesSpec,
  Rlimit,
  RuntimeSpec,
  SeccompCall,
  SeccompSpec,
} from './spec.ts';
export { type ProcessUser, resolveUser, type UserDatabases } from './user.ts';
