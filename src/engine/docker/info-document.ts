import type { RuntimeDefinitions } from '../../configuration/runtime-definitions.ts';
import type { JsonValue } from '../../errors/index.ts';
import { plain } from '../../query/template/plain.ts';
import { Nil, Struct, structured, type TemplateFunction, type Value } from '../../query/template/values.ts';
import type { SystemInfo } from '../system/system-info.ts';

/** Keys of docker's document whose values are maps. */
const mapKeys: ReadonlySet<string> = new Set(['Runtimes', 'IndexConfigs']);

/**
 * What `info` found, in the shape of `docker info`, with `Strata`, our own, beside docker's. What Strata has not (swarm,
 * registries, a daemon's descriptors) is there as docker shows it on a machine that does not use it.
 */
export function infoDocument(
  info: SystemInfo,
  { now, debug }: { readonly now: Date; readonly debug: boolean },
): Struct {
  const { containers, drivers, host, kernel, runtime, versions, warnings } = info;
  const limits = (controller: string): boolean => host.controllers.includes(controller);
  const chosen = drivers.find((finding) => finding.chosen);
  const settings = settingsOf(info);
  const commit = { ID: runtime?.version ?? '', Expected: runtime?.version ?? '' };
  const fields: Readonly<Record<string, unknown>> = {
    ID: '',
    Containers: containers.total,
    ContainersRunning: containers.running,
    ContainersPaused: containers.paused,
    ContainersStopped: containers.stopped,
    Images: info.images,
    Driver: chosen?.driver ?? '',
    DriverStatus: chosen === undefined ? [] : [['Reason', chosen.reason]],
    Plugins: {
      Volume: [],
      Network: ['host', 'null'],
      Authorization: new Nil('slice'),
      Log: ['json-file', 'local', 'none'],
    },
    MemoryLimit: limits('memory'),
    SwapLimit: host.limitsSwap,
    KernelMemoryTCP: false,
    CpuCfsPeriod: limits('cpu'),
    CpuCfsQuota: limits('cpu'),
    CPUShares: limits('cpu'),
    CPUSet: limits('cpuset'),
    PidsLimit: limits('pids'),
    IPv4Forwarding: host.forwardsIpv4,
    BridgeNfIptables: false,
    BridgeNfIp6tables: false,
    Debug: debug,
    NFd: 0,
    OomKillDisable: false,
    NGoroutines: 0,
    SystemTime: now.toISOString(),
    LoggingDriver: settings['log-driver'],
    CgroupDriver: kernel.cgroups === 'none' ? 'none' : 'cgroupfs',
    CgroupVersion: kernel.cgroups === 'v2' ? '2' : '1',
    NEventsListener: 0,
    KernelVersion: kernel.release,
    OperatingSystem: host.operatingSystem,
    OSVersion: host.osVersion,
    OSType: 'linux',
    Architecture: host.architecture,
    IndexServerAddress: '',
    RegistryConfig: {
      AllowNondistributableArtifactsCIDRs: new Nil('slice'),
      AllowNondistributableArtifactsHostnames: new Nil('slice'),
      InsecureRegistryCIDRs: [],
      IndexConfigs: {},
      Mirrors: new Nil('slice'),
    },
    NCPU: host.processors,
    MemTotal: host.memoryBytes,
    GenericResources: new Nil('slice'),
    DockerRootDir: info.root,
    HttpProxy: '',
    HttpsProxy: '',
    NoProxy: '',
    Name: host.name,
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: versions.strata,
    Runtimes: runtimesOf(info),
    DefaultRuntime: runtime?.name ?? '',
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: new Nil('slice'),
    },
    // Containers go on whatever command ends.
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: 'tini',
    ContainerdCommit: { ID: '', Expected: '' },
    RuncCommit: commit,
    InitCommit: { ID: '', Expected: '' },
    SecurityOptions: ['name=seccomp,profile=builtin', ...(kernel.cgroups === 'v2' ? ['name=cgroupns'] : [])],
    CDISpecDirs: [],
    Warnings: warnings.length === 0 ? new Nil('slice') : warnings,
    ClientInfo: {
      Debug: debug,
      Version: versions.strata,
      GitCommit: '',
      GoVersion: '',
      ...platformFields(versions.platform),
      BuildTime: '',
      Context: 'default',
      Plugins: [],
      Warnings: new Nil('slice'),
    },
    Strata: plain(info),
  };
  const typed = Object.entries(fields).map(([name, value]): [string, Value] => [
    name,
    structured(value, mapKeys, undefined, name),
  ]);
  return new Struct(Object.fromEntries(typed), 'system.dockerInfo', {
    ...alias('CPUCfsPeriod', limits('cpu')),
    ...alias('CPUCfsQuota', limits('cpu')),
    ...alias('HTTPProxy', ''),
    ...alias('HTTPSProxy', ''),
    ...alias('ServerErrors', []),
    ...alias('ClientErrors', []),
    ...alias('DefaultAddressPools', []),
    ...alias('ProductLicense', ''),
  });
}

const settingsOf = ({ configuration }: SystemInfo): Readonly<Record<string, JsonValue>> =>
  Object.fromEntries(configuration.settings.map(({ key, value }) => [key, value]));

/** The default one where it was found, and those of the configuration, whether they are there or not. */
function runtimesOf(info: SystemInfo): Readonly<Record<string, Struct>> {
  const { runtimes } = settingsOf(info) as { readonly runtimes?: RuntimeDefinitions };
  const found: RuntimeDefinitions = info.runtime === undefined ? {} : { [info.runtime.name]: info.runtime };
  return Object.fromEntries(
    Object.entries({ ...runtimes, ...found }).map(([name, { path }]) => [
      name,
      new Struct({ path }, 'system.RuntimeWithStatus', alias('Path', path)),
    ]),
  );
}

function platformFields(platform: string): { readonly Os: string; readonly Arch: string } {
  const [Os = '', Arch = ''] = platform.split('/');
  return { Os, Arch };
}

/** Docker's templates know some fields by another name than its JSON, and some that its JSON leaves out. */
const alias = (name: string, value: Value): Readonly<Record<string, TemplateFunction>> => ({
  [name]: { parameters: [], run: () => value },
});
