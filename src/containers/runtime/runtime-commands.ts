import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { AbortOptions } from '../../lib/abort.ts';
import { removeControlGroup } from '../../sys/control-groups.ts';
import { unmountIfMounted } from '../../sys/mount.ts';
import { run, runChecked } from '../../sys/process.ts';
import { type Bundle, readRuntimeLog } from './bundle.ts';
import type { RuntimeProgram } from './find-runtime.ts';
import { startFailure } from './start-failure.ts';

export interface RuntimePlace extends RuntimeProgram {
  /** Where it keeps its state. */
  readonly runtimeRoot: string;
}

/** Of a container, in every hierarchy; `parent` is docker's `CgroupParent`. */
export const controlGroupOf = (id: string, parent = ''): string =>
  `/${(parent || 'strata').split('/').filter(Boolean).join('/')}/${id}`;

/** What stands before the words of a command, for any runtime. */
export const globalArguments = ({ runtimeArgs, runtimeRoot }: Omit<RuntimePlace, 'runtime'>): string[] => [
  ...runtimeArgs,
  '--root',
  runtimeRoot,
];

const argumentsOf = (place: RuntimePlace, words: readonly string[]): string[] => [...globalArguments(place), ...words];

/** Lets the created container's process go. Throws ERR_CONTAINER_START. */
export async function startCreated(place: RuntimePlace, id: string, bundle: Bundle): Promise<void> {
  const log = ['--log', bundle.log, '--log-format', 'json'];
  const { exitCode, stderr } = await run(place.runtime, argumentsOf(place, [...log, 'start', id]));
  if (exitCode !== 0) throw startFailure(readRuntimeLog(bundle), stderr.toString('utf8'));
}

/** The runtime's word for the container's state; undefined when it knows none of that name. */
export async function runtimeStatus(place: RuntimePlace, id: string): Promise<string | undefined> {
  if (!isKnown(place, id)) return undefined;
  const { exitCode, stdout } = await run(place.runtime, argumentsOf(place, ['state', id]));
  if (exitCode !== 0) return undefined;
  const { status } = JSON.parse(stdout.toString('utf8')) as { readonly status?: unknown };
  return typeof status === 'string' ? status : undefined;
}

/**
 * Kills what still runs in a container and takes away its control groups and the runtime's state; `group` when it has
 * another parent. Idempotent.
 */
export async function deleteFromRuntime(
  place: RuntimePlace,
  id: string,
  group: string = controlGroupOf(id),
): Promise<void> {
  if (isKnown(place, id)) await run(place.runtime, argumentsOf(place, ['delete', '--force', id]));
  // A runtime that was killed while it made the container has not written down what it had made.
  await forgetInRuntime(place, id, group);
}

/**
 * {@link deleteFromRuntime} for a container whose first process has ended: what others leave in its control groups is
 * killed, the runtime itself is not asked. Idempotent.
 */
export async function forgetInRuntime(place: RuntimePlace, id: string, group: string): Promise<void> {
  if (isKnown(place, id)) removeState(join(place.runtimeRoot, id));
  await removeControlGroup(group);
}

function removeState(folder: string): void {
  // runc (1.1) mounts itself here for the moment in which it makes a read-only copy; killed in it, it leaves that.
  for (const name of readdirSync(folder)) unmountIfMounted(join(folder, name), { lazy: true });
  rmSync(folder, { recursive: true, force: true });
}

/** `pause` stops every process of the container where it is, `resume` lets them go on. Throws ERR_PROGRAM_FAILED. */
export async function freeze(
  place: RuntimePlace,
  id: string,
  how: 'pause' | 'resume',
  options: AbortOptions = {},
): Promise<void> {
  await runChecked(place.runtime, argumentsOf(place, [how, id]), options);
}

/** The runtime has state of a container of this name, be it half made. */
export const isKnown = ({ runtimeRoot }: RuntimePlace, id: string): boolean => existsSync(join(runtimeRoot, id));
