import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { AbortOptions } from '../../lib/abort.ts';
import { removeControlGroup } from '../../sys/control-groups.ts';
import { unmountIfMounted } from '../../sys/mount.ts';
import { runChecked, runProgram } from '../../sys/run-program.ts';
import { type Bundle, readRuntimeLog } from './bundle.ts';
import type { RuntimeProgram } from './find-runtime.ts';
import { startFailure } from './start-failure.ts';

export interface RuntimeLocation extends RuntimeProgram {
  /** Directory in which it keeps its state. */
  readonly runtimeRoot: string;
}

/** Returns the path of a container's control group in every hierarchy; `parent` is docker's `CgroupParent`. */
export const controlGroupOf = (id: string, parent = ''): string =>
  `/${(parent || 'strata').split('/').filter(Boolean).join('/')}/${id}`;

/** Returns the arguments before the words of a command, for any runtime. */
export const globalArguments = ({ runtimeArgs, runtimeRoot }: Omit<RuntimeLocation, 'runtime'>): string[] => [
  ...runtimeArgs,
  '--root',
  runtimeRoot,
];

const argumentsOf = (location: RuntimeLocation, words: readonly string[]): string[] => [
  ...globalArguments(location),
  ...words,
];

/** Starts the process of a created container. Throws ERR_CONTAINER_START. */
export async function startCreated(location: RuntimeLocation, id: string, bundle: Bundle): Promise<void> {
  const log = ['--log', bundle.log, '--log-format', 'json'];
  const { exitCode, stderr } = await runProgram(location.runtime, argumentsOf(location, [...log, 'start', id]));
  if (exitCode !== 0) throw startFailure(readRuntimeLog(bundle), stderr.toString('utf8'));
}

/** Returns the runtime's word for the container's state; undefined when it knows no container of that name. */
export async function runtimeStatus(location: RuntimeLocation, id: string): Promise<string | undefined> {
  if (!isKnown(location, id)) return undefined;
  const { exitCode, stdout } = await runProgram(location.runtime, argumentsOf(location, ['state', id]));
  if (exitCode !== 0) return undefined;
  const { status } = JSON.parse(stdout.toString('utf8')) as { readonly status?: unknown };
  return typeof status === 'string' ? status : undefined;
}

/**
 * Kills all processes of a container and removes its control groups and the runtime's state; `group` when it has
 * another parent. Idempotent.
 */
export async function deleteFromRuntime(
  location: RuntimeLocation,
  id: string,
  group: string = controlGroupOf(id),
): Promise<void> {
  if (isKnown(location, id)) await runProgram(location.runtime, argumentsOf(location, ['delete', '--force', id]));
  // A runtime that was killed while it created the container has not recorded the control groups.
  await forgetInRuntime(location, id, group);
}

/**
 * {@link deleteFromRuntime} for a container whose first process has ended: kills processes left in its control groups
 * and does not run the runtime. Idempotent.
 */
export async function forgetInRuntime(location: RuntimeLocation, id: string, group: string): Promise<void> {
  if (isKnown(location, id)) removeState(join(location.runtimeRoot, id));
  await removeControlGroup(group);
}

function removeState(folder: string): void {
  // runc (1.1) mounts itself here for the moment in which it makes a read-only copy of itself; killed then, it leaves
  // the mount.
  for (const name of readdirSync(folder)) unmountIfMounted(join(folder, name), { lazy: true });
  rmSync(folder, { recursive: true, force: true });
}

/** `pause` freezes every process of the container, `resume` continues them. Throws ERR_PROGRAM_FAILED. */
export async function freeze(
  location: RuntimeLocation,
  id: string,
  how: 'pause' | 'resume',
  options: AbortOptions = {},
): Promise<void> {
  await runChecked(location.runtime, argumentsOf(location, [how, id]), options);
}

/** True when the runtime has state of a container of this name, even an incomplete one. */
export const isKnown = ({ runtimeRoot }: RuntimeLocation, id: string): boolean => existsSync(join(runtimeRoot, id));
