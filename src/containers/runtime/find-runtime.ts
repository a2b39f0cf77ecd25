import type { Configuration } from '../../configuration/settings.ts';
import { StrataError } from '../../errors/index.ts';
import { findProgram, isExecutable } from '../../sys/find-program.ts';

/** The settings about runtimes. */
export type RuntimeSettings = Pick<Configuration, 'defaultRuntime' | 'runtimes'>;

/** A runtime's program and its arguments. */
export interface RuntimeProgram {
  /** Absolute path. */
  readonly runtime: string;
  /** Arguments before every command. */
  readonly runtimeArgs: readonly string[];
}

/** The runtime known without a configuration. */
export const usualRuntime = 'runc';

// The second is containerd's name for it, which docker takes, too.
const namesOfUsual: readonly string[] = [usualRuntime, 'io.containerd.runc.v2'];

/** True for the name of a runtime that containers can be created for. */
export const isRuntimeName = (name: string, { runtimes }: Pick<RuntimeSettings, 'runtimes'>): boolean =>
  namesOfUsual.includes(name) || Object.hasOwn(runtimes, name);

/**
 * Finds the runtime of a name; the default one without a name. Programs are found in fixed directories or by absolute
 * path, before any file of an image is read (CVE-2019-14271). Throws ERR_RUNTIME_UNKNOWN, ERR_RUNTIME_MISSING.
 */
export function findRuntime(settings: RuntimeSettings, name: string = settings.defaultRuntime): RuntimeProgram {
  if (!isRuntimeName(name, settings)) throw unknownRuntime(name, settings);
  const key = namesOfUsual.includes(name) ? usualRuntime : name;
  const { path = usualRuntime, runtimeArgs = [] } = Object.hasOwn(settings.runtimes, key)
    ? (settings.runtimes[key] ?? {})
    : {};
  const runtime = path.startsWith('/') ? path : findProgram(path);
  if (runtime !== undefined && isExecutable(runtime)) return { runtime, runtimeArgs };
  const named = path === key ? '' : `${path} `;
  throw new StrataError({
    code: 'ERR_RUNTIME_MISSING',
    message: `runtime ${key}: ${named}${path.startsWith('/') ? 'cannot be run' : 'not found'}`,
    hint:
      path === usualRuntime
        ? "Install it: 'apt-get install runc'."
        : 'Install it, or change its path in the configuration.',
  });
}

export function unknownRuntime(name: string, { runtimes }: Pick<RuntimeSettings, 'runtimes'>): StrataError {
  const known = [...new Set([usualRuntime, ...Object.keys(runtimes)])];
  return new StrataError({
    code: 'ERR_RUNTIME_UNKNOWN',
    message: `unknown or invalid runtime name: ${name.slice(0, 100)}`,
    hint: `Use ${known.join(', ')}, or add the runtime under "runtimes" in the configuration file.`,
  });
}
