import { release } from 'node:os';
import { type ConfigurationOptions, loadConfiguration } from '../configuration/load-configuration.ts';
import type { RuntimeSettings } from '../containers/runtime/find-runtime.ts';
import { describeRuntime, type RuntimeInfo } from '../containers/runtime/runtime.ts';
import { isStrataError } from '../errors/index.ts';
import { strataVersion } from '../lib/strata-version.ts';
import { formatPlatform } from '../spec/platform.ts';
import { hostPlatform } from '../sys/host-platform.ts';

/** Versions of the programs in use. */
export interface Versions {
  readonly strata: string;
  readonly node: string;
  /** Name and version of the default OCI runtime, as in `runc 1.2.4`. Undefined when it is not installed. */
  readonly runtime: string | undefined;
  /** Release of the Linux kernel, as `uname -r` prints it. */
  readonly kernel: string;
  /** `os/architecture[/variant]`. */
  readonly platform: string;
}

/** Returns the versions in use on this machine, with the runtime of the configuration. Throws as `Engine.open` for a wrong one. */
export async function describeVersions(options: ConfigurationOptions = {}): Promise<Versions> {
  const { values } = await loadConfiguration(options, process.env);
  return versionsOf(await describeInstalledRuntime(values));
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

/** Describes the default runtime. Undefined when it is not installed. */
export async function describeInstalledRuntime(settings: RuntimeSettings): Promise<RuntimeInfo | undefined> {
  try {
    return await describeRuntime(settings);
  } catch (error) {
    if (isStrataError(error, 'ERR_RUNTIME_MISSING')) return undefined;
    throw error;
  }
}
