import type { HostOptions } from './host-options.ts';
import { hostMounts } from './mounts/host-mounts.ts';
import type { RuntimeSettings } from './runtime/find-runtime.ts';
import { describeRuntime, type RuntimeInfo } from './runtime/runtime.ts';

/**
 * Which of a container's options make it easier to use what the runtime is weak in: another view of its mounts, of the
 * kernel or of other processes while it is being made. `others` are the options of containers that run. In the command's words.
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

type Bind = Extract<ReturnType<typeof hostMounts>[number], { readonly type: 'bind' }>;

const writableSources = (host: HostOptions): Bind[] =>
  hostMounts(host).flatMap((mount) => (mount.type === 'bind' && mount.readonly !== true ? [mount] : []));

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

const writes = (host: HostOptions, path: string): boolean =>
  writableSources(host).some(({ source }) => isBelow(path, source) || isBelow(source, path));

/** What to tell whoever asks for risky options from the runtime of that name, if it is weak; nothing with a newer one. */
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
