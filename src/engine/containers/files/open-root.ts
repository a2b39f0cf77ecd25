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

/** The files of a container, until it is disposed of. */
export interface ContainerRoot extends AsyncDisposable {
  readonly id: string;
  readonly tree: RootedTree;
}

export interface OpenRootOptions extends AbortOptions {
  readonly write: boolean;
}

/**
 * Opens the files of a container: of a running one with all mounts, of a stopped one with its bind mounts. A stopped one
 * cannot start while they are open for writing. Throws ERR_CONTAINER_NOT_FOUND, ERR_MOUNT_TARGET_UNSAFE.
 */
export async function openRoot(store: Store, name: string, options: OpenRootOptions): Promise<ContainerRoot> {
  const { id } = await findReconciled(store, name, options);
  try {
    return openRunningRoot(store, id) ?? (await openIdleRoot(store, id, options));
  } catch (error) {
    throw readFailure(store.metadata.containers, id, error);
  }
}

async function openIdleRoot(store: Store, id: string, options: OpenRootOptions): Promise<ContainerRoot> {
  // Before the first start the targets of bind mounts may be missing. They are created, as a start does.
  if (!options.write && !needsBindTargets(store, id)) return await openStoppedRoot(store, id, options);
  const lock = await (await containerLocks(store, options)).lock(id, options);
  try {
    await recover(store, id);
    // Another command may have started it before we had the lock. Then the lock is not needed.
    const running = openRunningRoot(store, id);
    if (running === undefined) return await openStoppedRoot(store, id, { ...options, write: true }, lock);
    await lock[Symbol.asyncDispose]();
    return running;
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

function needsBindTargets(store: Store, id: string): boolean {
  const record = store.metadata.containers.get(id);
  if (record === undefined || stateOf(record).status !== 'created') return false;
  const { host } = definitionOf(record);
  return host.ReadonlyRootfs !== true && bindsOf(store, id, host).length > 0;
}

function openRunningRoot(store: Store, id: string): ContainerRoot | undefined {
  const record = store.metadata.containers.get(id);
  if (record === undefined || !isRunning(store.metadata, record)) return undefined;
  const process = processOf(store, record);
  if (process === undefined || !isAlive(process)) return undefined;
  const tree = RootedTree.open(`/proc/${process.pid}/root`);
  // The pid may have been reused just before the open.
  if (!isAlive(process)) {
    tree.close();
    return undefined;
  }
  return { id, tree, [Symbol.asyncDispose]: async () => tree.close() };
}

async function openStoppedRoot(
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

/** Returns the bind mounts it has when it runs, without tmpfs mounts. */
function bindsOf({ layout }: Store, id: string, host: HostConfig): RuntimeMount[] {
  const own = findEtcFiles(folderOf(layout, id));
  const binds = hostMounts(host).filter(({ type }) => type === 'bind');
  return combineMounts([], [...own, ...binds], host.ReadonlyRootfs);
}
