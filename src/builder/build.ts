import { join, resolve } from 'node:path';
import { StrataError } from '../errors/index.ts';
import { checkChoice } from '../errors/option.ts';
import type { RecordedImage } from '../images/record-image.ts';
import type { WorkControl } from '../lib/work-control.ts';
import type { StoreLease } from '../metadata/leases.ts';
import { amendedId } from '../snapshots/amendment.ts';
import { KeyLocks } from '../store/key-locks.ts';
import type { CreatedLayer, LayerMaker } from '../store/layers/types.ts';
import type { StoreLayout } from '../store/layout.ts';
import type { Store } from '../store/store.ts';
import type { Work } from '../store/work/types.ts';
import { hostPlatform } from '../sys/host-platform.ts';
import { buildImage, readTags } from './build-image.ts';
import type { BuildEvent } from './build-parts.ts';
import type { BuildRequest, PullPolicy } from './build-types.ts';
import { BuildCache } from './cache/build-cache.ts';
import { buildNetworks } from './frontend/run-step.ts';
import { LazyRunner } from './lazy-runner.ts';
import { openBuildSource } from './open-build-source.ts';
import { EarlierCopies } from './ops/earlier-copies.ts';
import { SnapshotWorkspace } from './ops/snapshot-workspace.ts';
import type { Runner } from './runner.ts';

/**
 * Builds an image in a store. `openRunner` opens the runner of RUN when the first command is run. Throws what
 * `builder.build` of the facade throws.
 */
export async function build(
  store: Store,
  request: BuildRequest,
  { report, signal }: WorkControl<BuildEvent>,
  openRunner: (lease: StoreLease) => Promise<Runner & Disposable>,
): Promise<RecordedImage> {
  const references = readTags(request.tags ?? []);
  const { warnings } = await store.openDriver();
  for (const text of warnings) report({ type: 'warning', text });
  checkChoice('network', request.network, buildNetworks);
  refusePull(request.pull);
  return await store.work('build', { signal }, async (work) => {
    const { lease } = work;
    await using source = await openBuildSource(request, store, { lease, signal });
    await using runner = new LazyRunner(() => openRunner(lease));
    const { metadata, layout, trees } = store;
    const { name, snapshotter } = await store.openDriver();
    const cache = new BuildCache({
      records: metadata.builds,
      snapshots: metadata.snapshots,
      locks: new KeyLocks(join(layout.locks, 'steps')),
      lease,
      driver: name,
    });
    return await buildImage(
      {
        context: source.context,
        dockerfile: source.dockerfile,
        references,
        buildArgs: new Map(Object.entries(request.buildArgs ?? {})),
        labels: request.labels ?? {},
        target: request.target,
        noCache: request.noCache ?? false,
        network: request.network ?? 'default',
        platform: hostPlatform(),
        signal,
      },
      {
        store,
        work,
        cache,
        workspace: new SnapshotWorkspace({ snapshotter, trees, lease }),
        copies: snapshotter.capabilities.nativeDiff ? openCopies(layout, request, cache) : undefined,
        runner,
        layerMaker: layerMakerOf(store, work),
      },
      report,
    );
  });
}

/** Makes a layer while the disk is flushed, except for an amending snapshot: next to nothing was written for it. */
const layerMakerOf = ({ metadata }: Store, work: Work): LayerMaker => ({
  make: async (id, below, { signal }) => {
    const record = metadata.snapshots.get(id);
    const make = (): Promise<CreatedLayer> => work.make(id, below, { signal });
    return record && amendedId(record) !== undefined
      ? await make()
      : await work.flushMeanwhile(make, { signal, pauseMs: 100 });
  },
});

function openCopies({ copies: folder }: StoreLayout, { context }: BuildRequest, cache: BuildCache): EarlierCopies {
  return new EarlierCopies({ folder, cache, context: typeof context === 'string' ? resolve(context) : '' });
}

function refusePull(policy: PullPolicy | undefined): void {
  checkChoice('pull', policy, ['missing', 'never', 'always']);
  if (policy !== 'always') return;
  throw new StrataError({
    code: 'ERR_NOT_SUPPORTED_YET',
    message: 'build with images pulled anew: not supported yet',
    hint: 'Load or import newer images, and build with those.',
  });
}
