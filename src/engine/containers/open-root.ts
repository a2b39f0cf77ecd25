import type { AbortOptions } from '../../lib/abort.ts';
import { invariant } from '../../lib/invariant.ts';
import { closeFd } from '../../sys/fs-at.ts';
import { mountDetached } from '../../sys/mount-spec.ts';
import { isAlive } from '../../sys/process-identity.ts';
import { RootedTree } from '../../sys/rooted-tree.ts';
import { readOnly } from '../copy/failures.ts';
import { containerNotFound } from './find.ts';
import { lookUp, processOf } from './look-up.ts';
import { type ContainerParts, locksOf } from './parts.ts';
import { settle } from './settle.ts';
import { shownBy, writableMount } from './shown-files.ts';
import { definitionOf, isRunning } from './state.ts';

/** The files of a container, as long as this is held. */
export interface ContainerRoot extends AsyncDisposable {
  readonly id: string;
  readonly tree: RootedTree;
  /** The container said that its root is not to be written to. */
  readonly isReadOnly: boolean;
}

export interface OpenRootOptions extends AbortOptions {
  readonly write: boolean;
}

/**
 * The files of a running container with all that is mounted in it, or those of one that does not run, which does not start
 * while they are written to. Throws ERR_CONTAINER_NOT_FOUND, ERR_COPY_READ_ONLY.
 */
export async function openRoot(parts: ContainerParts, name: string, options: OpenRootOptions): Promise<ContainerRoot> {
  const running = await rootOfRunning(parts, name, options);
  if (running !== undefined) return running;
  const { id } = await lookUp(parts, name, options);
  if (!options.write) return rootOfStopped(parts, id, options);
  const lock = await locksOf(parts).lock(id, options);
  try {
    await settle(parts, id);
    // Somebody may have started it before the lock was ours: then it is not needed.
    const started = rootOfStarted(parts, id);
    if (started === undefined) return rootOfStopped(parts, id, options, lock);
    await lock[Symbol.asyncDispose]();
    return started;
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

async function rootOfRunning(
  parts: ContainerParts,
  name: string,
  options: AbortOptions,
): Promise<ContainerRoot | undefined> {
  const { id } = await lookUp(parts, name, options);
  return rootOfStarted(parts, id);
}

function rootOfStarted(parts: ContainerParts, id: string): ContainerRoot | undefined {
  const record = parts.metadata.containers.get(id);
  if (record === undefined || !isRunning(parts.metadata, record)) return undefined;
  const process = processOf(parts, record);
  if (process === undefined || !isAlive(process)) return undefined;
  const tree = RootedTree.open(`/proc/${process.pid}/root`);
  // The number may have become another process's just before.
  if (!isAlive(process)) {
    tree.close();
    return undefined;
  }
  const { ReadonlyRootfs: isReadOnly } = definitionOf(record).host;
  return { id, tree, isReadOnly, [Symbol.asyncDispose]: async () => tree.close() };
}

function rootOfStopped(
  { metadata, driver: { snapshotter } }: ContainerParts,
  id: string,
  { write }: OpenRootOptions,
  lock?: AsyncDisposable,
): ContainerRoot {
  const record = metadata.containers.get(id);
  if (record === undefined) throw containerNotFound(id);
  const { snapshotId } = record;
  invariant(snapshotId !== undefined, 'a container has a writable layer');
  const { ReadonlyRootfs: isReadOnly } = definitionOf(record).host;
  if (write && isReadOnly) throw readOnly('container rootfs');
  const mount = mountDetached(write ? writableMount(snapshotter, snapshotId) : shownBy(snapshotter, snapshotId));
  const tree = RootedTree.open(`/proc/self/fd/${mount}`);
  const close = async (): Promise<void> => {
    tree.close();
    closeFd(mount);
    await lock?.[Symbol.asyncDispose]();
  };
  return { id, tree, isReadOnly, [Symbol.asyncDispose]: close };
}
