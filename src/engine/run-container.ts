import { mkdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { etcFiles } from '../containers/etc-files.ts';
import { type ForegroundPlan, runForeground } from '../containers/foreground.ts';
import { checkContainerName, madeUpName, newContainerId } from '../containers/names.ts';
import { runInWorker } from '../containers/run-in-worker.ts';
import { findRuntime } from '../containers/runtime.ts';
import { StrataError } from '../errors/index.ts';
import { findImage } from '../images/find-image.ts';
import { readConfig } from '../images/read-image.ts';
import { chainIds } from '../layer/chain-id.ts';
import type { StoreLease } from '../metadata/leases.ts';
import type { Metadata } from '../metadata/metadata.ts';
import type { Machine } from '../oci-runtime/from-image.ts';
import type { ImageConfig } from '../spec/config.ts';
import type { Digest } from '../spec/digest.ts';
import { cgroupVersion } from '../sys/features.ts';
import { readMountInfo } from '../sys/mountinfo.ts';
import { unshareMounts } from '../sys/unshare.ts';
import { emptyTrashBriefly } from './garbage.ts';
import type { ImageReader } from './image-views.ts';
import type { StoreLayout } from './layout.ts';
import type { StorageDriver } from './open-driver.ts';
import type { RunEvent, RunRequest, RunResult } from './run-types.ts';
import { hostPlatform } from './versions.ts';

export interface RunParts {
  readonly layout: StoreLayout;
  readonly metadata: Metadata;
  readonly reader: ImageReader;
  readonly driver: StorageDriver;
  /** This process is ours alone: its main thread may take a mount namespace, and its signals are the container's. */
  readonly ownProcess: boolean;
}

interface Created {
  readonly id: string;
  readonly name: string;
  readonly snapshotId: string;
  readonly config: ImageConfig;
}

let isUnshared = false;

/**
 * Creates a container and runs it to its end. With `remove` nothing of it stays, whatever happens; without, its record
 * and its writable layer do.
 */
export async function runContainer(
  request: RunRequest,
  parts: RunParts,
  report: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<RunResult> {
  const runtime = findRuntime();
  await using lease = parts.metadata.leases.open('run');
  const created = await create(request, parts, lease, signal);
  const { id, name } = created;
  report({ type: 'created', id, name });
  try {
    const plan = planOf(request, parts, created, runtime);
    const exitCode = await runPlan(plan, parts, report, signal);
    if (request.remove !== true) setState(parts, request, created, { status: 'exited', exitCode });
    return { id, exitCode };
  } catch (error) {
    if (request.remove !== true) setState(parts, request, created, { status: 'created' });
    throw error;
  } finally {
    if (request.remove === true) await discard(parts, created, lease);
  }
}

async function create(request: RunRequest, parts: RunParts, lease: StoreLease, signal: AbortSignal): Promise<Created> {
  const { metadata, reader, driver } = parts;
  const found = findImage(reader, request.image, hostPlatform());
  const config = await readConfig(reader.content, found.id, { signal });
  const parentId = parentOf(config, found.id, parts, lease);
  const id = newContainerId();
  const name = request.name === undefined ? freeName(metadata) : checkContainerName(request.name);
  const volatile = request.remove === true;
  const snapshot = await driver.snapshotter.prepare(parentId, { lease, signal, volatile });
  const state = { status: 'created', labels: { ...request.labels } };
  metadata.containers.insert({ id, name, imageId: found.id, snapshotId: snapshot.id, state });
  return { id, name, snapshotId: snapshot.id, config };
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
  runtime: string,
): ForegroundPlan {
  const { id, snapshotId, config } = created;
  const [rootfs] = driver.snapshotter.mounts(snapshotId);
  if (rootfs === undefined) throw new Error(`snapshot ${snapshotId} has no mount`);
  const hostname = request.hostname ?? id.slice(0, 12);
  const network = request.network ?? 'none';
  const bundles = join(layout.run, 'bundles');
  mkdirSync(bundles, { recursive: true, mode: 0o700 });
  return {
    id,
    bundle: join(bundles, id),
    rootfs,
    image: config.config,
    options: {
      hostname,
      network,
      machine: machine(),
      args: request.command,
      entrypoint: request.entrypoint,
      env: request.environment,
      workingDir: request.workingDirectory,
      terminal: request.terminal,
      readonlyRootfs: request.readOnly,
      cgroupsPath: `/strata/${id}`,
    },
    user: request.user ?? config.config.User ?? '',
    files: etcFiles({ hostname, network }),
    runtime,
    runtimeRoot: join(layout.run, 'runc'),
    stdio: request.stdio === 'inherit' ? 'inherit' : 'output',
    interactive: request.interactive ?? false,
    forwardSignals: ownProcess,
  };
}

async function runPlan(
  plan: ForegroundPlan,
  { ownProcess }: RunParts,
  report: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<number> {
  const onOutput = (stream: 'stdout' | 'stderr', chunk: Uint8Array): void => report({ type: 'output', stream, chunk });
  if (!ownProcess) return await runInWorker(plan, { signal, onOutput });
  if (!isUnshared) unshareMounts();
  isUnshared = true;
  return await runForeground(plan, { signal, onOutput });
}

function setState(
  { metadata }: RunParts,
  { labels }: RunRequest,
  { id }: Created,
  state: { readonly status: string; readonly exitCode?: number },
): void {
  metadata.containers.setState(id, { ...state, labels: { ...labels }, finishedAt: Date.now() });
}

async function discard(
  { metadata, driver, layout }: RunParts,
  { id, snapshotId }: Created,
  lease: StoreLease,
): Promise<void> {
  metadata.containers.remove(id);
  await driver.snapshotter.remove(snapshotId, { lease });
  await emptyTrashBriefly(layout);
}

const machine = (): Machine => ({
  architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
  kernelRelease: release(),
  possibleCpus: readFileSync('/sys/devices/system/cpu/possible', 'latin1').trim(),
  hasUnifiedCgroups: cgroupVersion(readMountInfo().map(({ type }) => type)) === 'v2',
});
