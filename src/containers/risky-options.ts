import type { BindMount } from '../oci-runtime/mounts.ts';
import type { HostOptions } from './host-options.ts';
import { hostMounts } from './mounts/host-mounts.ts';
import type { RuntimeSettings } from './runtime/find-runtime.ts';
import { describeRuntime, type RuntimeInfo } from './runtime/runtime.ts';

/**
 * Returns the options of a container that make it easier to exploit a weak runtime: another view of its mounts, of the
 * kernel or of other processes during its creation. `others` are the options of running containers. In the words of the
 * command line.
 */
export function riskyOptions(host: HostOptions, others: readonly HostOptions[]): string[] {
  const { CapAdd = [], SecurityOpt = [], PidMode, IpcMode, MaskedPaths } = host;
  const shared = writableSources(host).filter(({ source }) => others.some((other) => writes(other, source)));
  const passedOn = writableSources(host).filter(({ propagation = '' }) => /shared|slave/.test(propagation));
  return [
    ...(host.Privileged === true ? ['--privileged'] : []),
    ...CapAdd.filter((name) => /^(cap_)?(all|sys_admin|sys_ptrace|sys_module)$/i.test(name)).map(
      (name) => `--cap-add ${name}`,
    ),
    ...SecurityOpt.filter((option) => /^seccomp[=:]unconfined$/.test(option)).map(
      () => '--security-opt seccomp=unconfined',
    ),
    ...(MaskedPaths?.length === 0 ? ['--security-opt systempaths=unconfined'] : []),
    ...(PidMode === 'host' ? ['--pid host'] : []),
    ...(IpcMode === 'host' ? ['--ipc host'] : []),
    ...shared.map(
      ({ source, destination }) => `-v ${source}:${destination}, which another running container writes to`,
    ),
    ...passedOn.map(({ source, destination, propagation }) => `-v ${source}:${destination}:${propagation}`),
  ];
}

const writableSources = (host: HostOptions): BindMount[] =>
  hostMounts(host).flatMap((mount) => (mount.type === 'bind' && mount.readonly !== true ? [mount] : []));

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

const writes = (host: HostOptions, path: string): boolean =>
  writableSources(host).some(({ source }) => isBelow(path, source) || isBelow(source, path));

/** Returns the warnings about risky options for the runtime of that name; none unless its version is weak. */
export async function runtimeWarnings(
  risky: readonly string[],
  settings: RuntimeSettings,
  name: string,
): Promise<string[]> {
  return risky.length === 0 ? [] : warningsFor(risky, await describeRuntime(settings, name));
}

/** The pure part of {@link runtimeWarnings}. */
export function warningsFor(
  risky: readonly string[],
  { version, weaknesses }: Pick<RuntimeInfo, 'version' | 'weaknesses'>,
): string[] {
  if (weaknesses.length === 0) return [];
  const ids = weaknesses.map(({ id }) => id).join(', ');
  return risky.map(
    (option) =>
      `${option}: makes it easier to escape through holes that runc ${version} has not fixed (${ids}); use it with images you trust, or with a newer runc`,
  );
}
