import { join, resolve } from 'node:path';
import { buildImage, readTags } from '../../builder/build-image.ts';
import type { MadeStepLayer } from '../../builder/layer-maker.ts';
import { EarlierCopies } from '../../builder/ops/earlier-copies.ts';
import { StrataError } from '../../errors/index.ts';
import type { ImageStore } from '../../images/record-image.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import { amendedId } from '../../snapshots/amendment.ts';
import { flushMeanwhile } from '../flush-meanwhile.ts';
import { collectAfterDeaths, emptyTrashBriefly, type GarbageParts } from '../garbage.ts';
import { SnapshotLayerMaker } from '../images/snapshot-layer-maker.ts';
import { KeyLocks } from '../key-locks.ts';
import type { StoreLayout } from '../layout.ts';
import type { Report } from '../operation.ts';
import { StoreFlush } from '../store-flush.ts';
import { hostPlatform } from '../versions.ts';
import { BuildCache } from './cache.ts';
import { LazyRunner } from './lazy-runner.ts';
import { openBuildSource } from './open-source.ts';
import { SnapshotWorkspace } from './snapshot-workspace.ts';
import type { BuildEvent, BuildRequest, BuildResult, PullPolicy } from './types.ts';

export interface BuildWiring {
  readonly garbage: GarbageParts;
  readonly storeFor: (lease: StoreLease) => ImageStore;
  /** See the engine's option of that name. */
  readonly ownProcess: boolean;
}

/** {@link Engine.build}: gives the build everything it uses of this store. */
export async function runBuild(
  request: BuildRequest,
  { garbage, storeFor, ownProcess }: BuildWiring,
  report: Report<BuildEvent>,
  signal: AbortSignal,
): Promise<BuildResult> {
  const { layout, metadata, locks, driver } = garbage;
  const references = readTags(request.tags ?? []);
  for (const text of driver.warnings) report({ type: 'warning', text });
  await collectAfterDeaths(garbage, { signal });
  refusePull(request.pull);
  await using lease = metadata.leases.open('build');
  using disk = new StoreFlush(garbage);
  await using cleaning = new AsyncDisposableStack();
  // When the rest is put away: a context that came as an archive, and what a failed step wrote, which may fill the disk.
  cleaning.defer(async () => emptyTrashBriefly(layout));
  await using source = await openBuildSource(request, garbage, { lease, signal });
  await using runner = new LazyRunner(async () => {
    const { ContainerRunner } = await import('./container-runner.ts');
    return new ContainerRunner({ layout, lease, ownProcess });
  });
  const layerMaker = new SnapshotLayerMaker({ layout, driver, metadata, locks });
  const { snapshotter } = driver;
  const cache = new BuildCache({
    records: metadata.builds,
    snapshots: metadata.snapshots,
    locks: new KeyLocks(join(layout.locks, 'steps')),
    lease,
    driver: driver.name,
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
      store: storeFor(lease),
      layers: metadata.layers,
      snapshots: metadata.snapshots,
      driver: driver.name,
      cache,
      workspace: new SnapshotWorkspace(snapshotter, lease),
      copies: snapshotter.capabilities.nativeDiff ? copiesOf(layout, request, cache) : undefined,
      runner,
      layerMaker: {
        make: async (id, below, options) => {
          const record = metadata.snapshots.get(id);
          const make = (): Promise<MadeStepLayer> => layerMaker.make(id, below, options);
          // Of an amended layer next to nothing was written.
          return record && amendedId(record) !== undefined
            ? await make()
            : await flushMeanwhile(disk, make, { ...options, pauseMs: 100 });
        },
      },
      lease,
      persist: async (ids, stop) => {
        const isDurable = ids.every((id) => metadata.snapshots.get(id)?.durable === true);
        if (isDurable && !layerMaker.hasWritten) return;
        await disk.flush({ signal: stop });
        // The uppermost first: all below it are durable with it, and cost nothing more.
        for (const id of ids.toReversed()) await snapshotter.persist(id, { flushed: true, signal: stop });
      },
    },
    report,
  );
}

function copiesOf({ copies: folder }: StoreLayout, { context }: BuildRequest, cache: BuildCache): EarlierCopies {
  return new EarlierCopies({ folder, cache, context: typeof context === 'string' ? resolve(context) : '' });
}

function refusePull(policy: PullPolicy | undefined): void {
  if (policy !== 'always') return;
  throw new StrataError({
    code: 'ERR_NOT_SUPPORTED_YET',
    message: 'build with images pulled anew: not supported yet',
    hint: 'Load or import newer images, and build with --pull=missing.',
  });
}
