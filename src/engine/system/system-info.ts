import { describeRuntime, type RuntimeInfo } from '../../containers/runtime/runtime.ts';
import { isStrataError } from '../../errors/index.ts';
import { chooseDriver, type DriverFinding } from '../../snapshots/choose-driver.ts';
import { type KernelFeatures, kernelFeatures } from '../../sys/features.ts';
import { describeVersions, type Versions } from '../versions.ts';

/** What was detected, and what follows from it. */
export interface SystemInfo {
  readonly root: string;
  readonly versions: Versions;
  readonly images: number;
  readonly containers: number;
  /** The driver in use, and every other with the reason against it. */
  readonly drivers: readonly DriverFinding[];
  readonly kernel: KernelFeatures;
  /** Undefined when none is installed. */
  readonly runtime: RuntimeInfo | undefined;
  readonly warnings: readonly string[];
}

export interface SystemInfoInput {
  readonly root: string;
  /** The driver the user asked for, if any. */
  readonly wish: string | undefined;
  readonly images: number;
  readonly containers: number;
}

/** Looks at the machine and at the store's place in it. */
export async function systemInfo({ root, wish, images, containers }: SystemInfoInput): Promise<SystemInfo> {
  const runtime = await runtimeIfThere();
  const choice = chooseDriver({ root, driver: wish });
  const weak = (runtime?.weaknesses ?? []).map(
    ({ id, summary }) => `runc ${runtime?.version}: ${id} is not fixed: ${summary}`,
  );
  return {
    root,
    versions: await describeVersions(),
    images,
    containers,
    drivers: choice.findings,
    kernel: await kernelFeatures(),
    runtime,
    warnings: [...choice.warnings, ...(runtime ? [] : ['no runtime: containers cannot be run']), ...weak],
  };
}

async function runtimeIfThere(): Promise<RuntimeInfo | undefined> {
  try {
    return await describeRuntime();
  } catch (error) {
    if (isStrataError(error, 'ERR_RUNTIME_MISSING')) return undefined;
    throw error;
  }
}
