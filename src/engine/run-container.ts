import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { etcFiles } from '../containers/etc-files.ts';
import type { ForegroundOptions, ForegroundPlan } from '../containers/foreground.ts';
import { runInWorker } from '../containers/foreground-thread.ts';
import { checkContainerName, madeUpName, newContainerId } from '../containers/names.ts';
import { findRuntime } from '../containers/runtime.ts';
import { isStrataError, StrataError } from '../errors/index.ts';
import { findImage, imageNotFound } from '../images/find-image.ts';
import { readConfig } from '../images/read-image.ts';
import { chainIds } from '../layer/chain-id.ts';
import type { StoreLease } from '../metadata/leases.ts';
import type { Metadata } from '../metadata/metadata.ts';
import type { ImageConfig } from '../spec/config.ts';
import type { Digest } from '../spec/digest.ts';
import { containerConfig } from './container-config.ts';
import { type ContainerState, toJson } from './container-state.ts';
import { collectGarbage, emptyTrashBriefly, type GarbageParts } from './garbage.ts';
import type { ImageReader } from './image-views.ts';
import type { StoreLayout } from './layout.ts';
import { thisMachine } from './machine.ts';
import type { StorageDriver } from './open-driver.ts';
import type { Report } from './operation.ts';
import { runOnOwnThread } from './own-thread.ts';
import { bundlesOf, discardContainer, reconcileContainers, runtimeRootOf } from './reconcile-containers.ts';
import type { RunEvent, RunRequest, RunResult } from './run-types.ts';
import { hostPlatform } from './versions.ts';

export interface RunParts {
  readonly layout: StoreLayout;
  readonly metadata: Metadata;
  readonly reader: ImageReader;
  readonly driver: StorageDriver;
  readonly garbage: GarbageParts;
  /** This process is ours alone: its main thread may take a mount namespace, and its signals are the container's. */
  readonly ownProcess: boolean;
}

interface Created {
  readonly id: string;
  readonly name: string;
  readonly snapshotId: string;
  readonly config: ImageConfig;
  /** What its record says at any time. */
  readonly base: Pick<ContainerState, 'labels' | 'config'>;
}

/**
 * Creates a container and runs it to its end. With `remove` nothing of it stays, whatever happens; without, its record
 * and its writable layer do.
 */
export async function runContainer(
  request: RunRequest,
  parts: RunParts,
  report: Report<RunEvent>,
  signal: AbortSignal,
): Promise<RunResult> {
  const { metadata } = parts;
  const runtime = findRuntime();
  const deaths = metadata.leases.removeDead();
  await reconcileContainers(parts, runtime);
  await using lease = metadata.leases.open('run');
  const created = await create(request, parts, lease, signal);
  const { id, name } = created;
  const end = (status: 'exited' | 'created', exitCode: number, error?: string): void => {
    if (request.remove === true) return;
    const { base } = created;
    metadata.containers.setState(id, toJson({ ...base, status, exitCode, error, finishedAt: Date.now() }));
  };
  try {
    report({ type: 'created', id, name });
    const exitCode = await runPlan(planOf(request, parts, created, { runtime, lease }), parts, report, signal);
    end('exited', exitCode);
    return { id, exitCode };
  } catch (error) {
    if (signal.aborted) end('exited', killedExitCode);
    else end('created', exitCodeOfFailure(error), error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    if (request.remove === true) await discardContainer(parts, created, lease);
    if (deaths.length > 0) await collectGarbage(parts.garbage);
    else if (request.remove === true) await emptyTrashBriefly(parts.layout);
  }
}

const killedExitCode = 137;

function exitCodeOfFailure(error: unknown): number {
  const code = isStrataError(error) ? error.details?.['exitCode'] : undefined;
  return typeof code === 'number' ? code : 125;
}

async function create(request: RunRequest, parts: RunParts, lease: StoreLease, signal: AbortSignal): Promise<Created> {
  const { metadata, reader, driver } = parts;
  const found = findImage(reader, request.image, hostPlatform());
  if (!lease.pinIfPresent('image', found.id)) throw imageNotFound(request.image);
  const config = await readConfig(reader.content, found.id, { signal });
  const parentId = parentOf(config, found.id, parts, lease);
  const id = newContainerId();
  const name = request.name === undefined ? freeName(metadata) : checkContainerName(request.name);
  const volatile = request.remove === true;
  const snapshot = await driver.snapshotter.prepare(parentId, { lease, signal, volatile });
  // It runs as long as the lease lives; a record that says so without one was left by a command that was killed.
  const base = { labels: request.labels ?? {}, config: containerConfig(config.config, request) };
  const state = toJson({ ...base, status: 'running', remove: request.remove === true });
  try {
    metadata.containers.insert({ id, name, imageId: found.id, snapshotId: snapshot.id, state });
  } catch (error) {
    await driver.snapshotter.remove(snapshot.id, { lease });
    throw error;
  }
  return { id, name, snapshotId: snapshot.id, config, base };
}

function parentOf(
  config: ImageConfig,
  id: Digest,
  { metadata, driver }: RunParts,
  lease: StoreLease,
): string | undefined {
  const chainId = chainIds(config.rootfs.diff_ids).at(-1);
  if (chainId === undefined) return undefined;
  const snapshot = metadata.snapshots.findByChainId(driver.name, chainId, lease);
  if (snapshot) return snapshot.id;
  throw new StrataError({
    kind: 'failed-precondition',
    code: 'ERR_IMAGE_NOT_UNPACKED',
    message: `image ${id}: its layers are not unpacked for ${driver.name}`,
    hint: 'Build or load it again with this storage driver.',
  });
}

function freeName({ containers }: Metadata): string {
  for (let attempt = 0; ; attempt++) {
    const name = attempt < 5 ? madeUpName() : `${madeUpName()}_${newContainerId().slice(0, 6)}`;
    if (!containers.getByName(name)) return name;
  }
}

function planOf(
  request: RunRequest,
  { layout, driver, ownProcess }: RunParts,
  created: Created,
  { runtime, lease }: { readonly runtime: string; readonly lease: StoreLease },
): ForegroundPlan {
  const { id, snapshotId, config } = created;
  const [rootfs] = driver.snapshotter.mounts(snapshotId);
  if (rootfs === undefined) throw new Error(`snapshot ${snapshotId} has no mount`);
  const hostname = request.hostname ?? id.slice(0, 12);
  const network = request.network ?? 'none';
  const bundles = bundlesOf(layout);
  mkdirSync(bundles, { recursive: true, mode: 0o700 });
  return {
    id,
    bundle: join(bundles, id),
    rootfs,
    image: config.config,
    options: {
      hostname,
      network,
      machine: thisMachine(),
      args: request.command,
      entrypoint: request.entrypoint,
      env: request.environment,
      workingDir: request.workingDirectory,
      terminal: request.terminal,
      consoleSize: request.terminalSize && { height: request.terminalSize.rows, width: request.terminalSize.columns },
      readonlyRootfs: request.readOnly,
      cgroupsPath: `/strata/${id}`,
    },
    user: request.user ?? config.config.User ?? '',
    files: etcFiles({ hostname, network }),
    runtime,
    runtimeRoot: runtimeRootOf(layout),
    stdio: request.stdio === 'inherit' ? 'inherit' : 'output',
    interactive: request.interactive ?? false,
    forwardSignals: ownProcess,
    heldFd: lease.lockFd,
  };
}

async function runPlan(
  plan: ForegroundPlan,
  { ownProcess }: RunParts,
  report: Report<RunEvent>,
  signal: AbortSignal,
): Promise<number> {
  const options: ForegroundOptions = {
    signal,
    onStarted: () => report({ type: 'started' }),
    onOutput: (stream, chunk, taken) => report({ type: 'output', stream, chunk }, taken),
  };
  return ownProcess ? await runOnOwnThread(plan, options) : await runInWorker(plan, options);
}
