import { createRequire } from 'node:module';
import { release } from 'node:os';
import { describeRuntime } from '../containers/runtime/runtime.ts';
import { isStrataError } from '../errors/index.ts';
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

/** The version in package.json; the built command has it inside. */
export function strataVersion(): string {
  const built = process.env['STRATA_VERSION'];
  if (built !== undefined) return built;
  // By its own name: the sources and the built library lie at different depths.
  return (createRequire(import.meta.url)('strata-oci/package.json') as { readonly version: string }).version;
}

export async function describeVersions(): Promise<Versions> {
  return {
    strata: strataVersion(),
    node: process.versions.node,
    runtime: await runtimeVersion(),
    kernel: release(),
    platform: formatPlatform(hostPlatform()),
  };
}

async function runtimeVersion(): Promise<string | undefined> {
  try {
    const { name, version } = await describeRuntime();
    return `${name} ${version}`;
  } catch (error) {
    if (isStrataError(error, 'ERR_RUNTIME_MISSING')) return undefined;
    throw error;
  }
}
