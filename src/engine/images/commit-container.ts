import { tarEnd } from '../../archive/index.ts';
import type { MadeStepLayer } from '../../builder/layer-maker.ts';
import { layersOf } from '../../builder/step-layers.ts';
import { mountStubs, removeMountStubs } from '../../containers/mounts/mount-stubs.ts';
import { pauseContainer } from '../../containers/pause-container.ts';
import { findRuntime } from '../../containers/runtime/runtime.ts';
import { assembleImage } from '../../images/assemble-image.ts';
import { readConfig } from '../../images/read-image.ts';
import { type ImageStore, recordImage } from '../../images/record-image.ts';
import { newName } from '../../images/tag-image.ts';
import { chainIds } from '../../layer/chain-id.ts';
import { invariant } from '../../lib/invariant.ts';
import type { ContainerRecord } from '../../metadata/containers.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { parseReference, type Reference } from '../../reference/index.ts';
import type { ImageConfig } from '../../spec/config.ts';
import type { Digest } from '../../spec/digest.ts';
import { readStanding } from '../containers/files/read-race.ts';
import { changedTree, changesOf, openChanges } from '../containers/files/writable-layer.ts';
import { findContainer } from '../containers/state/find.ts';
import { pauseLocksOf, runtimeRootOf } from '../containers/state/parts.ts';
import { definitionOf, isRunning } from '../containers/state/state.ts';
import { flushMeanwhile } from '../flush-meanwhile.ts';
import { collectAfterDeaths, collectGarbage, emptyTrashBriefly, type GarbageParts } from '../garbage.ts';
import type { Report } from '../operation.ts';
import { StoreFlush } from '../store-flush.ts';
import { hostPlatform } from '../versions.ts';
import type { CommitEvent, CommitRequest, CommitResult } from './commit-types.ts';
import { applyChanges } from './config-changes.ts';
import { SnapshotLayerMaker } from './snapshot-layer-maker.ts';

export interface CommitParts {
  readonly garbage: GarbageParts;
  readonly storeFor: (lease: StoreLease) => ImageStore;
}

/** Commits under one lease; what a failed commit had copied by then goes at once. */
export async function commitContainer(
  request: CommitRequest,
  parts: CommitParts,
  report: Report<CommitEvent>,
  signal: AbortSignal,
): Promise<CommitResult> {
  const { garbage } = parts;
  const references = request.reference === undefined ? [] : [newName(parseReference(request.reference))];
  await collectAfterDeaths(garbage, { signal });
  await using cleaning = new AsyncDisposableStack();
  cleaning.defer(async () => emptyTrashBriefly(garbage.layout));
  try {
    return await commit({ request, references }, parts, report, signal);
  } catch (error) {
    await collectGarbage(garbage).catch(() => {
      // The first failure is the one to tell; whoever collects next takes what stays.
    });
    throw error;
  }
}

interface Commit {
  readonly request: CommitRequest;
  readonly references: readonly Reference[];
}

async function commit(
  { request, references }: Commit,
  { garbage, storeFor }: CommitParts,
  report: Report<CommitEvent>,
  signal: AbortSignal,
): Promise<CommitResult> {
  const { metadata, driver } = garbage;
  await using lease = metadata.leases.open('commit');
  const { container, imageId, snapshotId } = holdBase(metadata, lease, request.container);
  const store = storeFor(lease);
  const base = await readConfig(store.content, imageId, { signal });
  const changed = changedConfig(container, request);
  report({ type: 'copy' });
  const below = layersOf(base, metadata.layers);
  const makeLayer = async (): Promise<Made> => {
    const copyId = await readStanding(metadata.containers, container.id, () =>
      copied(container, snapshotId, { garbage, lease, request, signal }),
    );
    report({ type: 'layer' });
    await driver.snapshotter.commit(copyId, { lease, signal, durable: false });
    const chainId = chainIds(base.rootfs.diff_ids).at(-1);
    return {
      copyId,
      made: await new SnapshotLayerMaker(garbage).make(copyId, { chainId, made: [] }, { lease, signal }),
    };
  };
  using disk = new StoreFlush(garbage);
  const { copyId, made } = await flushMeanwhile(disk, makeLayer, { signal, pauseMs: 300 });
  // An image is not given a layer without entries, as with docker: its history says so.
  const isEmpty = made.tarSizeBytes <= tarEnd.length;
  if (isEmpty || made.snapshotId !== copyId) await driver.snapshotter.remove(copyId, { lease });
  if (!isEmpty) {
    await disk.flush({ signal });
    await driver.snapshotter.persist(made.snapshotId, { flushed: true, signal });
  }

  report({ type: 'image' });
  const layers = isEmpty ? below : [...below, made];
  const image = assembleImage(withHistory(base, changed, request, isEmpty), layers);
  const sizeBytes = layers.reduce((total, layer) => total + layer.sizeBytes, 0);
  const id: Digest = await recordImage(store, image, { lease, signal, references, sizeBytes });
  return { id, target: image.manifest.descriptor.digest };
}

interface HeldContainer {
  readonly container: ContainerRecord;
  readonly imageId: Digest;
  readonly snapshotId: string;
}

/** The container, its image pinned in the same transaction: that stays when both are removed meanwhile. */
function holdBase({ db, containers }: Metadata, lease: StoreLease, name: string): HeldContainer {
  return db.writeVolatile(() => {
    const container = findContainer(containers, name);
    const { imageId, snapshotId } = container;
    invariant(imageId !== undefined && snapshotId !== undefined, 'a container has an image and a writable layer');
    lease.pin('image', imageId);
    return { container, imageId, snapshotId };
  });
}

interface Made {
  readonly copyId: string;
  readonly made: MadeStepLayer;
}

interface CopyParts {
  readonly garbage: GarbageParts;
  readonly lease: StoreLease;
  readonly request: CommitRequest;
  readonly signal: AbortSignal;
}

/** The container's own changes in a snapshot of the image's, at rest as they are copied. */
async function copied(container: ContainerRecord, snapshotId: string, parts: CopyParts): Promise<string> {
  const { garbage, lease, request, signal } = parts;
  const { metadata, driver } = garbage;
  const { snapshotter } = driver;
  const { parentId } = snapshotter.stat(snapshotId);
  await using _still =
    request.pause !== false && isRunning(metadata, container) ? await pause(garbage, container.id, signal) : undefined;
  if (snapshotter.ownDirectory === undefined) {
    const { id } = await snapshotter.prepare(parentId, { lease, signal, copyOf: snapshotId });
    removeMountStubs(changesOf(snapshotter, id));
    return id;
  }
  const { id } = await snapshotter.prepare(parentId, { lease, signal });
  using changes = openChanges(snapshotter, snapshotId);
  const copyOf = { tree: changedTree(changes), without: mountStubs(changes) };
  await new SnapshotLayerMaker(garbage).copy(id, copyOf, { lease, signal });
  return id;
}

/** Others that pause it, or let it go on, wait until the disposal. */
async function pause(parts: GarbageParts, id: string, signal: AbortSignal): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const { fd } = stack.use(await pauseLocksOf(parts).lock(id, { signal }));
  const place = { runtime: findRuntime(), runtimeRoot: runtimeRootOf(parts.layout) };
  stack.use(await pauseContainer(place, id, { signal, lockFd: fd }));
  return stack.move();
}

interface ChangedConfig {
  readonly config: ImageConfig['config'];
  /** What the container ran. */
  readonly command: readonly string[];
}

function changedConfig(container: ContainerRecord, { changes = [] }: CommitRequest): ChangedConfig {
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
  return { ...rest, ...by, created, config, history: [...base.history, entry] };
}
