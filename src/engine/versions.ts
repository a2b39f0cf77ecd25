import { release } from 'node:os';
import { type ConfigurationOptions, loadConfiguration } from '../configuration/load-configuration.ts';
import type { RuntimeSettings } from '../containers/runtime/find-runtime.ts';
import { describeRuntime, type RuntimeInfo } from '../containers/runtime/runtime.ts';
import { isStrataError } from '../errors/index.ts';
import { strataVersion } from '../lib/strata-version.ts';
import { formatPlatform } from '../spec/platform.ts';
import { hostPlatform } from '../sys/host-platform.ts';

export interface Versions {
  readonly strata: string;
  readonly node: string;
  /** Name and version; undefined when none is installed. */
  readonly runtime: string | undefined;
  readonly kernel: string;
  readonly platform: string;
}

/** Returns the versions of what works here, the runtime's as the configuration has it. Throws as `Engine.open` does for a wrong one. */
export async function describeVersions(options: ConfigurationOptions = {}): Promise<Versions> {
  const { values } = await loadConfiguration(options, process.env);
  return versionsOf(await runtimeIfThere(values));
}

export function versionsOf(runtime: RuntimeInfo | undefined): Versions {
  return {
    strata: strataVersion(),
    node: process.versions.node,
    runtime: runtime === undefined ? undefined : `${runtime.name} ${runtime.version}`,
    kernel: release(),
    platform: formatPlatform(hostPlatform()),
  };
}

/** The default runtime; undefined when it is not installed. */
export async function runtimeIfThere(settings: RuntimeSettings): Promise<RuntimeInfo | undefined> {
  try {
    return await describeRuntime(settings);
  } catch (error) {
    if (isStrataError(error, 'ERR_RUNTIME_MISSING')) return undefined;
    throw error;
  }
}
