import { tarEnd } from '../../archive/index.ts';
import { baseLayersOf } from '../../builder/step-layers.ts';
import { mountStubs, removeMountStubs } from '../../containers/mounts/mount-stubs.ts';
import { pauseContainer } from '../../containers/pause-container.ts';
import { assembleImage } from '../../images/assemble-image.ts';
import { completeHistory } from '../../images/history.ts';
import { readConfig } from '../../images/read-document.ts';
import { type RecordedImage, recordImage } from '../../images/record-image.ts';
import { toNewTag } from '../../images/tag-image.ts';
import { chainIds } from '../../layer/chain-id.ts';
import { invariant } from '../../lib/invariant.ts';
import type { WorkControl } from '../../lib/work-control.ts';
import type { ContainerRecord } from '../../metadata/containers.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { formatReference, parseReference } from '../../reference/index.ts';
import { ownDirectories } from '../../snapshots/own-directories.ts';
import type { ImageConfig } from '../../spec/config.ts';
import type { Digest } from '../../spec/digest.ts';
import type { CreatedLayer } from '../../store/layers/types.ts';
import type { Store } from '../../store/store.ts';
import type { Work } from '../../store/work/types.ts';
import { hostPlatform } from '../../sys/host-platform.ts';
import { readWhilePresent } from '../containers/files/read-race.ts';
import { findContainer } from '../containers/state/find-container.ts';
import { runtimeOf } from '../containers/state/locations.ts';
import { pauseLocks } from '../containers/state/locks.ts';
import { definitionOf, isRunning } from '../containers/state/state.ts';
import { addContainerEvent } from '../events/container-event.ts';
import { applyChanges } from './apply-changes.ts';
import type { CommitEvent, CommitRequest } from './commit-types.ts';

/** Creates an image from a container's changes. Throws as `containers.commit` says. */
export async function commitContainer(
  store: Store,
  name: string,
  request: CommitRequest,
  { report, signal }: WorkControl<CommitEvent>,
): Promise<RecordedImage> {
  const references = request.reference === undefined ? [] : [toNewTag(parseReference(request.reference))];
  return await store.work('commit', { signal }, async (work) => {
    const { container, imageId, snapshotId } = await holdBase(store.metadata, work.lease, name);
    const base = await readConfig(work.content, imageId, { signal });
    const changed = changeConfig(container, request);
    report({ type: 'copy' });
    const { snapshotter } = await store.openDriver();
    const commit: Commit = { store, work, container, snapshotId, request, signal };
    const makeLayer = async (): Promise<Made> => {
      const copyId = await readWhilePresent(store.metadata.containers, container.id, () => copyChanges(commit));
      report({ type: 'layer' });
      await snapshotter.commit(copyId, { lease: work.lease, signal, durable: false });
      const chainId = chainIds(base.rootfs.diff_ids).at(-1);
      return { copyId, layer: await work.make(copyId, { chainId, made: [] }, { signal }) };
    };
    const { copyId, layer } = await work.flushMeanwhile(makeLayer, { signal, pauseMs: 300 });
    // As with docker, a layer without entries is left out of the image; its history says so.
    const isEmpty = layer.tarSizeBytes <= tarEnd.length;
    if (isEmpty || layer.snapshotId !== copyId) await snapshotter.remove(copyId, { lease: work.lease });
    const below = baseLayersOf(base, store.metadata.layers);
    const layers = isEmpty ? below : [...below, layer];
    const record = async (): Promise<RecordedImage> => {
      report({ type: 'image' });
      const image = assembleImage(withHistory(base, changed, request, isEmpty), layers);
      const also = (imageID: Digest): void => {
        const [reference] = references;
        const attributes = {
          comment: request.message ?? '',
          imageID,
          imageRef: reference === undefined ? '' : formatReference(reference),
        };
        addContainerEvent(store.metadata, container, { action: 'commit', attributes });
      };
      return await recordImage(store.metadata, work, image, { signal, references, layers, also });
    };
    return { snapshotIds: isEmpty ? [] : [layer.snapshotId], record };
  });
}

interface Commit {
  readonly store: Store;
  readonly work: Work;
  readonly container: ContainerRecord;
  /** The container's writable layer. */
  readonly snapshotId: string;
  readonly request: CommitRequest;
  readonly signal: AbortSignal;
}

interface Made {
  readonly copyId: string;
  readonly layer: CreatedLayer;
}

interface HeldContainer {
  readonly container: ContainerRecord;
  readonly imageId: Digest;
  readonly snapshotId: string;
}

/** Returns the container, and pins its image in the same transaction: it stays when both are removed meanwhile. */
async function holdBase({ containers }: Metadata, lease: StoreLease, name: string): Promise<HeldContainer> {
  return await lease.withPins((pin) => {
    const container = findContainer(containers, name);
    const { imageId, snapshotId } = container;
    invariant(imageId !== undefined && snapshotId !== undefined, 'a container has an image and a writable layer');
    pin('image', imageId);
    return { container, imageId, snapshotId };
  });
}

/** Copies the container's changes into a new snapshot on its image's. The container is paused meanwhile, unless it may run. */
async function copyChanges({ store, work, container, snapshotId, request, signal }: Commit): Promise<string> {
  const { snapshotter } = await store.openDriver();
  const { lease } = work;
  const { parentId } = snapshotter.stat(snapshotId);
  await using _still =
    request.pause !== false && isRunning(store.metadata, container) ? await pause(store, container, signal) : undefined;
  if (ownDirectories(snapshotter) === undefined) {
    const { id } = await snapshotter.prepare(parentId, { lease, signal, copyOf: snapshotId });
    await using copy = await store.trees.openChanges(id, { access: 'write', signal });
    removeMountStubs(copy.tree);
    return id;
  }
  const { id } = await snapshotter.prepare(parentId, { lease, signal });
  await using changes = await store.trees.openChanges(snapshotId, { access: 'read', signal });
  await work.copy(id, { tree: changes.tree, without: mountStubs(changes.tree) }, { signal });
  return id;
}

/** Pauses the container until the disposal. Other commands that pause or unpause it wait until then. */
async function pause(store: Store, container: ContainerRecord, signal: AbortSignal): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const { fd } = stack.use(await (await pauseLocks(store, { signal })).lock(container.id, { signal }));
  stack.use(await pauseContainer(runtimeOf(store, definitionOf(container)), container.id, { signal, lockFd: fd }));
  return stack.move();
}

interface ChangedConfig {
  readonly config: ImageConfig['config'];
  /** The container's command, for the history. */
  readonly command: readonly string[];
}

function changeConfig(container: ContainerRecord, { changes = [] }: CommitRequest): ChangedConfig {
  const own = definitionOf(container).config;
  return { config: applyChanges(own, changes, hostPlatform()), command: own.Cmd ?? [] };
}

function withHistory(
  base: ImageConfig,
  { config, command }: ChangedConfig,
  { author, message }: CommitRequest,
  isEmpty: boolean,
): ImageConfig {
  const { author: _author, comment: _comment, docker_version: _version, ...rest } = base;
  const created = new Date().toISOString();
  const by = author === undefined || author === '' ? {} : { author };
  const entry = {
    created,
    ...by,
    ...(command.length === 0 ? {} : { created_by: command.join(' ') }),
    ...(message === undefined || message === '' ? {} : { comment: message }),
    ...(isEmpty ? { empty_layer: true } : {}),
  };
  return { ...rest, ...by, created, config, history: [...completeHistory(base), entry] };
}
