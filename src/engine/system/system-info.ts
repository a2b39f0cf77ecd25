import {
  listSettings,
  type ResolvedConfiguration,
  type ShownSetting,
} from '../../configuration/resolve-configuration.ts';
import { type RuntimeSettings, usualRuntime } from '../../containers/runtime/find-runtime.ts';
import type { RuntimeInfo } from '../../containers/runtime/runtime.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { DriverFinding } from '../../snapshots/driver-choice.ts';
import { hiddenSnapshots } from '../../snapshots/drivers-with-snapshots.ts';
import { predictDriver } from '../../snapshots/predict-driver.ts';
import { type DriverRequest, tableOf } from '../../snapshots/requested-driver.ts';
import type { Store } from '../../store/store.ts';
import { type KernelFeatures, kernelFeatures } from '../../sys/features.ts';
import { listContainers } from '../containers/verbs/list.ts';
import { describeInstalledRuntime, type Versions, versionsOf } from '../versions.ts';
import { type HostFacts, hostFacts } from './host-facts.ts';

/** Number of containers by state. */
export interface ContainerCounts {
  readonly total: number;
  readonly running: number;
  readonly paused: number;
  /** All others, also those never started. */
  readonly stopped: number;
}

/** Result of `system.info`. */
export interface SystemInfo {
  /** Absolute path of the store. */
  readonly root: string;
  readonly versions: Versions;
  readonly images: number;
  readonly containers: ContainerCounts;
  readonly host: HostFacts;
  /** The storage driver in use, and every other with the reason against it. */
  readonly drivers: readonly DriverFinding[];
  readonly kernel: KernelFeatures;
  /** The default runtime. Undefined when it is not installed. */
  readonly runtime: RuntimeInfo | undefined;
  readonly configuration: ShownConfiguration;
  readonly warnings: readonly string[];
}

/** The settings in effect, each with the origin of its value. */
export interface ShownConfiguration {
  /** Path of the configuration file. Null without one. */
  readonly file: string | null;
  readonly settings: readonly ShownSetting[];
}

/** Options the engine was opened with. */
export interface SystemInfoInput {
  readonly request: DriverRequest;
  readonly configuration: ResolvedConfiguration;
}

/** Collects facts about the machine and the store. */
export async function systemInfo(
  store: Store,
  { request, configuration }: SystemInfoInput,
  options: AbortOptions,
): Promise<SystemInfo> {
  const containers = await listContainers(store, { all: true, ...options });
  const runtime = await describeInstalledRuntime(configuration.values);
  const choice = predictDriver(request);
  return {
    root: request.root,
    versions: versionsOf(runtime),
    images: store.metadata.images.list().length,
    containers: countsOf(containers.map(({ state }) => state)),
    host: hostFacts(),
    drivers: choice.findings,
    kernel: await kernelFeatures(),
    runtime,
    configuration: { file: configuration.file ?? null, settings: listSettings(configuration) },
    warnings: [
      ...choice.warnings,
      ...hiddenSnapshots(request.root, tableOf(request), choice.driver),
      ...runtimeWarnings(runtime, configuration.values),
    ],
  };
}

function countsOf(states: readonly string[]): ContainerCounts {
  const running = states.filter((state) => state === 'running').length;
  const paused = states.filter((state) => state === 'paused').length;
  return { total: states.length, running, paused, stopped: states.length - running - paused };
}

function runtimeWarnings(runtime: RuntimeInfo | undefined, { defaultRuntime }: RuntimeSettings): string[] {
  if (runtime === undefined) {
    const cure =
      defaultRuntime === usualRuntime
        ? "'apt-get install runc'"
        : `${defaultRuntime} is not where the configuration says`;
    return [`no runtime: containers cannot be run; ${cure}`];
  }
  const { name, path, version, weaknesses } = runtime;
  if (weaknesses.length === 0) return [];
  const ids = weaknesses.map(({ id }) => id).join(', ');
  return [
    `${name} ${version} lacks the fixes of ${ids}: run only images you trust, or put a newer runc ${name === usualRuntime ? 'into /usr/local/sbin' : `at ${path}`}; see docs/security.md`,
  ];
}
