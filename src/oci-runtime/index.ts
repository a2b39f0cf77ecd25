export {
  allCapabilities,
  type CapabilityOptions,
  capabilitySets,
  defaultCapabilities,
  resolveCapabilities,
} from './capabilities.ts';
export { type Command, type CommandOptions, resolveCommand } from './command.ts';
export { mergeEnvironment } from './environment.ts';
export { formatRuntimeDocument } from './format.ts';
export { type ContainerOptions, createRuntimeSpec, type Machine } from './from-image.ts';
export type { ContainerMount, Propagation } from './mounts.ts';
export { type NetworkMode, type NetworkProperties, networkProperties } from './network-mode.ts';
export { createProcess, type ProcessOptions } from './process.ts';
export type { ContainerDevice, ResourceOptions, Ulimit } from './resources.ts';
export type { SeccompSituation } from './seccomp.ts';
export { defaultSeccomp } from './seccomp.ts';
export type { SeccompMachine } from './seccomp-default.ts';
export type { SeccompCondition, SeccompProfile, SeccompRule } from './seccomp-profile.ts';
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
