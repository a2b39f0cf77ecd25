import { availableParallelism } from 'node:os';
import type { Configuration } from '../../../configuration/settings.ts';
import type { HostOptions } from '../../../containers/host-options.ts';
import { checkMountSources } from '../../../containers/mounts/host-mounts.ts';
import { isRuntimeName, unknownRuntime } from '../../../containers/runtime/find-runtime.ts';
import { definitionOptions } from '../../../containers/runtime/runtime-options.ts';
import type { ContainerDefinition } from '../../../containers/state.ts';
import { checkLogConfig } from '../../../containers/supervised/log-config.ts';
import { StrataError } from '../../../errors/index.ts';
import { createRuntimeSpec, type Machine } from '../../../oci-runtime/create-runtime-spec.ts';
import { memoryNodes } from '../../machine.ts';

const anyUser = { uid: 0, gid: 0, additionalGids: [], home: '/' };

/**
 * Refuses definitions that no start could succeed with: creates the runtime's document once, for a placeholder user, and
 * makes docker's further checks. Throws what `definitionOptions` and `createRuntimeSpec` throw, ERR_MOUNT_INVALID, ERR_RESOURCES_INVALID,
 * ERR_NAMESPACE_INVALID, ERR_RUNTIME_UNKNOWN and what `checkLogConfig` throws.
 */
export function checkHost(definition: ContainerDefinition, machine: Machine, configuration: Configuration): void {
  checkNamespaces(definition);
  checkProcessors(definition, machine);
  checkNumbers(definition);
  checkRuntime(definition.host, configuration);
  if (definition.host.LogConfig !== undefined) checkLogConfig(definition.host.LogConfig);
  const options = definitionOptions(definition, { id: '', machine, ownMounts: [] });
  createRuntimeSpec(definition.config, { ...options, user: anyUser, rootPath: '/' });
  checkMountSources(definition.host);
}

const resourceProblem = (message: string, hint: string): StrataError =>
  new StrataError({ code: 'ERR_RESOURCES_INVALID', message, hint });

function checkNumbers({ host: { OomScoreAdj = 0, ShmSize = 0, CgroupParent = '' } }: ContainerDefinition): void {
  if (!Number.isInteger(OomScoreAdj) || Math.abs(OomScoreAdj) > 1000) {
    const message = `Invalid value ${OomScoreAdj}, range for oom score adj is [-1000, 1000]`;
    throw resourceProblem(
      message,
      'Give a number in this range: the higher, the sooner the kernel kills it for memory.',
    );
  }
  if (!/^\/?[\w.@:-]*(\/[\w.@:-]+)*$/.test(CgroupParent) || CgroupParent.split('/').includes('..')) {
    throw resourceProblem(
      `invalid CgroupParent: ${CgroupParent.slice(0, 100)}`,
      'Give an absolute path of a control group, as in /mine.',
    );
  }
  if (ShmSize < 0) throw resourceProblem('SHM size can not be less than 0', 'Give a size such as 64m.');
}

function checkProcessors({ host }: ContainerDefinition, machine: Machine): void {
  const { NanoCpus = 0, CpusetCpus = '', CpusetMems = '' } = host;
  const count = availableParallelism();
  if (NanoCpus < 0 || NanoCpus > count * 1e9) {
    throw resourceProblem(
      `Range of CPUs is from 0.01 to ${count}.00, as there are only ${count} CPUs available`,
      'Ask for fewer CPUs.',
    );
  }
  const last = Math.max(...numbersIn(machine.possibleCpus));
  if (numbersIn(CpusetCpus).some((cpu) => cpu > last)) {
    const message = `Requested CPUs are not available - requested ${CpusetCpus}, available: ${machine.possibleCpus}`;
    throw resourceProblem(message, 'Give numbers of available CPUs. They start at 0.');
  }
  const nodes = memoryNodes();
  if (numbersIn(CpusetMems).some((node) => node > Math.max(...numbersIn(nodes)))) {
    const message = `Requested memory nodes are not available - requested ${CpusetMems}, available: ${nodes}`;
    throw resourceProblem(message, 'Give numbers of available memory nodes. They start at 0.');
  }
}

const numbersIn = (list: string): number[] => (list.match(/\d+/g) ?? []).map(Number);

function checkRuntime({ Runtime = '', UsernsMode = '' }: HostOptions, configuration: Configuration): void {
  if (!['', 'host'].includes(UsernsMode)) {
    throw namespaceProblem('--userns: invalid USER mode', "Use host: containers have the host's users.");
  }
  if (Runtime !== '' && !isRuntimeName(Runtime, configuration)) throw unknownRuntime(Runtime, configuration);
}

const modes = {
  IpcMode: ['', 'private', 'shareable', 'host', 'none'],
  PidMode: ['', 'private', 'host'],
  UTSMode: ['', 'private', 'host'],
} as const;

function checkNamespaces({ host, config }: ContainerDefinition): void {
  for (const key of ['IpcMode', 'PidMode', 'UTSMode'] as const) {
    const mode = host[key] ?? '';
    const known: readonly string[] = modes[key];
    if (known.includes(mode)) continue;
    const what = key.slice(0, -'Mode'.length);
    if (mode.startsWith('container:')) {
      throw new StrataError({
        code: 'ERR_NOT_SUPPORTED_YET',
        message: `--${what.toLowerCase()} ${mode}: not supported yet`,
        hint: "Use host for the host's namespace, or leave it out for a private one.",
      });
    }
    throw namespaceProblem(
      what === 'Ipc' ? `invalid IPC mode: ${mode}` : `--${what.toLowerCase()}: invalid ${what.toUpperCase()} mode`,
    );
  }
  if (host.UTSMode === 'host' && config.Domainname !== undefined) {
    throw namespaceProblem('conflicting options: domainname and the UTS mode', ownNameHint);
  }
}

const ownNameHint = 'Leave out the name, or the UTS mode host: a name of its own needs a UTS namespace of its own.';

/** Throws ERR_NAMESPACE_INVALID in the host's UTS namespace: a hostname of its own needs a namespace of its own. */
export function refuseHostname({ UTSMode }: HostOptions): void {
  if (UTSMode === 'host') throw namespaceProblem('conflicting options: hostname and the UTS mode', ownNameHint);
}

const namespaceProblem = (
  message: string,
  hint = "Use private for a namespace of the container's own, or host for the host's.",
): StrataError => new StrataError({ code: 'ERR_NAMESPACE_INVALID', message, hint });
