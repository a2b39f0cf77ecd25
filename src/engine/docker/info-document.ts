import type { RuntimeDefinitions } from '../../configuration/runtime-definitions.ts';
import type { JsonValue } from '../../errors/index.ts';
import { plain } from '../../query/template/plain.ts';
import { Nil, Struct, structured, type TemplateFunction, type Value } from '../../query/template/values.ts';
import type { SystemInfo } from '../system/system-info.ts';

/** Keys of docker's document whose values are maps. */
const mapKeys: ReadonlySet<string> = new Set(['Runtimes', 'IndexConfigs']);

/**
 * Returns the result of `info` in the shape of `docker info`, with our own key `Strata` beside docker's. Features that Strata
 * lacks (swarm, registries, a daemon's descriptors) have the values that docker gives when they are not in use.
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
    // Containers keep running when a command ends.
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

/** Returns the default runtime if it was found, and those of the configuration, installed or not. */
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

/** Adds a field for templates only: docker's templates use other names for some fields, and have some that its JSON lacks. */
const alias = (name: string, value: Value): Readonly<Record<string, TemplateFunction>> => ({
  [name]: { parameters: [], run: () => value },
});
