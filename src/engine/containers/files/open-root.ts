import { hostMounts } from '../../../containers/mounts/host-mounts.ts';
import { type MountedRoot, mountRootJob, type RootPlan } from '../../../containers/mounts/mount-root.ts';
import { findEtcFiles } from '../../../containers/runtime/etc-files.ts';
import type { HostConfig } from '../../../containers/state.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import { invariant } from '../../../lib/invariant.ts';
import { combineMounts } from '../../../oci-runtime/mounts.ts';
import type { MountSpec as RuntimeMount } from '../../../oci-runtime/spec.ts';
import type { Store } from '../../../store/store.ts';
import { closeFd } from '../../../sys/fs-at.ts';
import { mountDetached } from '../../../sys/mount-list.ts';
import { isAlive } from '../../../sys/process-identity.ts';
import { RootedTree } from '../../../sys/rooted-tree.ts';
import { containerNotFound } from '../state/find-container.ts';
import { findReconciled, processOf } from '../state/find-reconciled.ts';
import { folderOf } from '../state/locations.ts';
import { containerLocks } from '../state/locks.ts';
import { recover } from '../state/recover.ts';
import { definitionOf, isRunning, stateOf } from '../state/state.ts';
import { readFailure } from './read-race.ts';

/** The files of a container, as long as this is held. */
export interface ContainerRoot extends AsyncDisposable {
  readonly id: string;
  readonly tree: RootedTree;
}

export interface OpenRootOptions extends AbortOptions {
  readonly write: boolean;
}

/**
 * The files of a running container with all that is mounted in it, or those of one that does not run, with all that is
 * bound into it; it does not start while they are written to. Throws ERR_CONTAINER_NOT_FOUND, ERR_MOUNT_TARGET_UNSAFE.
 */
export async function openRoot(store: Store, name: string, options: OpenRootOptions): Promise<ContainerRoot> {
  const { id } = await findReconciled(store, name, options);
  try {
    return rootOfStarted(store, id) ?? (await rootOfIdle(store, id, options));
  } catch (error) {
    throw readFailure(store.metadata.containers, id, error);
  }
}

async function rootOfIdle(store: Store, id: string, options: OpenRootOptions): Promise<ContainerRoot> {
  // A container that was never started has no places yet for what is bound into it: they are made, as by its start.
  if (!options.write && !wantsPlaces(store, id)) return await rootOfStopped(store, id, options);
  const lock = await (await containerLocks(store, options)).lock(id, options);
  try {
    await recover(store, id);
    // Somebody may have started it before the lock was ours: then it is not needed.
    const started = rootOfStarted(store, id);
    if (started === undefined) return await rootOfStopped(store, id, { ...options, write: true }, lock);
    await lock[Symbol.asyncDispose]();
    return started;
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

function wantsPlaces(store: Store, id: string): boolean {
  const record = store.metadata.containers.get(id);
  if (record === undefined || stateOf(record).status !== 'created') return false;
  const { host } = definitionOf(record);
  return host.ReadonlyRootfs !== true && bindsOf(store, id, host).length > 0;
}

function rootOfStarted(store: Store, id: string): ContainerRoot | undefined {
  const record = store.metadata.containers.get(id);
  if (record === undefined || !isRunning(store.metadata, record)) return undefined;
  const process = processOf(store, record);
  if (process === undefined || !isAlive(process)) return undefined;
  const tree = RootedTree.open(`/proc/${process.pid}/root`);
  // The number may have become another process's just before.
  if (!isAlive(process)) {
    tree.close();
    return undefined;
  }
  return { id, tree, [Symbol.asyncDispose]: async () => tree.close() };
}

async function rootOfStopped(
  store: Store,
  id: string,
  { write, signal }: OpenRootOptions,
  lock?: AsyncDisposable,
): Promise<ContainerRoot> {
  const { metadata, layout } = store;
  const record = metadata.containers.get(id);
  if (record === undefined) throw containerNotFound(id);
  const { snapshotId } = record;
  invariant(snapshotId !== undefined, 'a container has a writable layer');
  const { host } = definitionOf(record);
  const makes = write && host.ReadonlyRootfs !== true;
  const { snapshotter } = await store.openDriver();
  const plan: RootPlan = {
    rootfs: await snapshotter.mounts(snapshotId, { signal, readOnly: !makes }),
    mountPoint: layout.root,
    binds: bindsOf(store, id, host),
    createsMountPoints: makes,
  };
  const { root, namespace } = await mount(plan, store);
  const tree = RootedTree.open(`/proc/self/fd/${root}`);
  const close = async (): Promise<void> => {
    tree.close();
    closeFd(root);
    if (namespace !== undefined) closeFd(namespace);
    await lock?.[Symbol.asyncDispose]();
  };
  return { id, tree, [Symbol.asyncDispose]: close };
}

async function mount(plan: RootPlan, { host }: Store): Promise<MountedRoot> {
  if (plan.binds.length === 0) return { root: mountDetached(plan.rootfs), namespace: undefined };
  return await host.run(mountRootJob, plan);
}

/** What is bound into it when it runs; memory is not there then. */
function bindsOf({ layout }: Store, id: string, host: HostConfig): RuntimeMount[] {
  const own = findEtcFiles(folderOf(layout, id));
  const binds = hostMounts(host).filter(({ type }) => type === 'bind');
  return combineMounts([], [...own, ...binds], host.ReadonlyRootfs);
}
