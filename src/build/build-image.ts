import { parseDockerfile } from '../dockerfile/parser.ts';
import type { StageSource } from '../dockerfile/stages.ts';
import { StrataError } from '../errors/index.ts';
import { assembleImage } from '../images/assemble-image.ts';
import { findImage } from '../images/find-image.ts';
import { readConfig } from '../images/read-image.ts';
import { type ImageStore, recordImage } from '../images/record-image.ts';
import { chainIds } from '../layer/chain-id.ts';
import type { Lease, SnapshotLedger } from '../ledger/types.ts';
import { invariant } from '../lib/invariant.ts';
import type { Layers } from '../metadata/layers.ts';
import { familiarString, parseReference, type Reference, withDefaultTag } from '../reference/index.ts';
import type { HistoryEntry, ImageConfig } from '../spec/config.ts';
import type { Digest } from '../spec/digest.ts';
import type { Platform } from '../spec/platform.ts';
import { BuildContext } from './context/build-context.ts';
import { type FileStep, type PlannedHistory, readTarget, type StagePlan } from './frontend/plan-stage.ts';
import type { LayerMaker, MadeStepLayer, StepLayer } from './layer-maker.ts';
import { CopyOp } from './ops/copy-op.ts';
import type { FilesystemResult, Workspace } from './ops/filesystem-result.ts';
import { WorkdirOp } from './ops/workdir-op.ts';
import { Solver } from './solver/solver.ts';
import type { CacheStore, Op, SolveEvent, Vertex } from './solver/types.ts';

export interface BuildImageRequest {
  readonly context: string;
  readonly dockerfile: string;
  readonly references: readonly Reference[];
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  readonly noCache: boolean;
  readonly platform: Platform;
  readonly signal: AbortSignal;
}

/** Everything a build uses, each behind the smallest interface; the engine fills it in. */
export interface BuildParts {
  readonly store: ImageStore;
  readonly layers: Layers;
  readonly snapshots: SnapshotLedger;
  readonly driver: string;
  readonly cache: CacheStore<FilesystemResult>;
  readonly workspace: Workspace;
  readonly layerMaker: LayerMaker;
  readonly lease: Lease;
  /** Makes the snapshots survive a power cut: the acknowledgement of the build stands on it. */
  persist(snapshotIds: readonly string[], signal: AbortSignal): Promise<void>;
}

export type BuildImageEvent =
  | SolveEvent<FilesystemResult>
  | { readonly type: 'warning'; readonly text: string }
  | { readonly type: 'layer'; readonly diffId: string; readonly sizeBytes: number }
  | { readonly type: 'image'; readonly id: Digest; readonly references: readonly string[] };

export interface BuiltImage {
  readonly id: Digest;
  readonly target: Digest;
  readonly references: readonly string[];
}

interface Base {
  readonly config: ImageConfig;
  readonly result: FilesystemResult;
}

/**
 * Builds one stage: plan, solve, make layers of the steps' snapshots, record the image. Nothing is named before all of
 * it is durable; an abort or a failure leaves only cached steps behind.
 */
export async function buildImage(
  request: BuildImageRequest,
  parts: BuildParts,
  report: (event: BuildImageEvent) => void,
): Promise<BuiltImage> {
  const { signal, platform } = request;
  using context = BuildContext.open(request.context, request.dockerfile);
  const tree = parseDockerfile(context.readDockerfile(request.dockerfile));
  const target = readTarget(tree, { ...request });
  const base = await openBase(target.base, parts, platform, signal);
  const plan = target.plan(base.config.config);
  for (const { message } of tree.warnings) report({ type: 'warning', text: message });

  const solver = new Solver<FilesystemResult>({ cache: parts.cache, report, signal });
  const from: Vertex<FilesystemResult> = { digest: 'from', name: 'FROM', inputs: [], op: given(base.result) };
  solver.give(from, base.result);
  const results: FilesystemResult[] = [];
  for (const vertex of chainOf(plan, from, { context, parts, request })) results.push(await solver.solve(vertex));

  const below = layersOf(base.config, parts.layers);
  const made = await makeLayers(below, lineage(results, parts.snapshots), parts, report, signal);
  const layers = [...below, ...made];
  const image = assembleImage(configOf(base.config, plan, results, platform), layers);
  await parts.persist(
    made.map(({ snapshotId }) => snapshotId),
    signal,
  );
  const { references } = request;
  const sizeBytes = layers.reduce((total, layer) => total + layer.sizeBytes, 0);
  const id = await recordImage(parts.store, image, { lease: parts.lease, signal, references, sizeBytes });
  const names = references.map(familiarString);
  report({ type: 'image', id, references: names });
  return { id, target: image.manifest.descriptor.digest, references: names };
}

/** Names for the image, checked before anything is built. Throws ERR_REFERENCE_INVALID, ERR_TAG_REFUSED. */
export const readTags = (tags: readonly string[]): Reference[] =>
  tags.map((tag) => {
    const reference = withDefaultTag(parseReference(tag));
    if (reference.digest === undefined) return reference;
    throw new StrataError({
      kind: 'invalid-argument',
      code: 'ERR_TAG_REFUSED',
      message: `build tag cannot contain a digest: ${tag}`,
    });
  });

async function openBase(
  source: StageSource,
  parts: BuildParts,
  platform: Platform,
  signal: AbortSignal,
): Promise<Base> {
  if (source.kind !== 'image') {
    const config: ImageConfig = {
      architecture: platform.architecture,
      os: platform.os,
      ...(platform.variant === undefined ? {} : { variant: platform.variant }),
      config: {},
      rootfs: { type: 'layers', diff_ids: [] },
      history: [],
    };
    return { config, result: { identity: 'scratch', snapshotId: undefined, createdAt: 0 } };
  }
  const { id } = findImage(parts.store, source.reference, platform);
  const config = await readConfig(parts.store.content, id, { signal });
  const createdAt = config.created === undefined ? 0 : Date.parse(config.created);
  const chainId = chainIds(config.rootfs.diff_ids).at(-1);
  if (chainId === undefined) return { config, result: { identity: 'scratch', snapshotId: undefined, createdAt } };
  const snapshot = parts.snapshots.findByChainId(parts.driver, chainId, parts.lease);
  if (snapshot === undefined) {
    throw new StrataError({
      kind: 'failed-precondition',
      code: 'ERR_IMAGE_NOT_UNPACKED',
      message: `image ${source.reference}: its layers are not unpacked for ${parts.driver}`,
      hint: 'Build or load it again with this storage driver.',
    });
  }
  return { config, result: { identity: `chain:${chainId}`, snapshotId: snapshot.id, createdAt } };
}

interface ChainOptions {
  readonly context: BuildContext;
  readonly parts: BuildParts;
  readonly request: BuildImageRequest;
}

/** One vertex per file step, each standing on the one before. */
function chainOf(plan: StagePlan, from: Vertex<FilesystemResult>, options: ChainOptions): Vertex<FilesystemResult>[] {
  const steps = plan.history.filter((entry): entry is PlannedHistory & { step: FileStep } => entry.step !== undefined);
  const vertices: Vertex<FilesystemResult>[] = [];
  for (const [at, { createdBy, step }] of steps.entries()) {
    vertices.push({
      digest: `step:${at}`,
      name: `[${at + 1}/${steps.length}] ${createdBy}`,
      inputs: [vertices.at(-1) ?? from],
      op: opOf(step, options),
      ignoreCache: options.request.noCache,
    });
  }
  return vertices;
}

function opOf(step: FileStep, { context, parts, request }: ChainOptions): Op<FilesystemResult> {
  const { workspace } = parts;
  if (step.kind === 'workdir') return new WorkdirOp({ ...step, workspace });
  return new CopyOp({ ...step, platform: request.platform, context, workspace });
}

/** Throws ERR_LAYER_NOT_FOUND when the store does not know a layer of an image it has. */
function layersOf(base: ImageConfig, layers: Layers): StepLayer[] {
  return base.rootfs.diff_ids.map((diffId) => {
    const record = layers.get(diffId);
    if (record !== undefined) return record;
    throw new StrataError({
      kind: 'corrupt',
      code: 'ERR_LAYER_NOT_FOUND',
      message: `layer ${diffId}: not recorded`,
      hint: 'Remove the image that uses it, then build or load it again.',
    });
  });
}

/**
 * The snapshots of the steps, lowest first, as they really stand on each other: a step that was run again may have left
 * those above it, which came from the cache, on its earlier result.
 */
function lineage(results: readonly FilesystemResult[], snapshots: SnapshotLedger): string[] {
  const line: string[] = [];
  let id = results.at(-1)?.snapshotId;
  for (let count = 0; count < results.length && id !== undefined; count++) {
    line.unshift(id);
    id = snapshots.get(id)?.parentId;
  }
  invariant(line.length === results.length, 'every step made a snapshot on that of the step below');
  return line;
}

async function makeLayers(
  below: readonly StepLayer[],
  snapshotIds: readonly string[],
  parts: BuildParts,
  report: (event: BuildImageEvent) => void,
  signal: AbortSignal,
): Promise<MadeStepLayer[]> {
  const diffIds = below.map(({ diffId }) => diffId);
  const made: MadeStepLayer[] = [];
  for (const snapshotId of snapshotIds) {
    const layer = await parts.layerMaker.make(snapshotId, diffIds, { lease: parts.lease, signal });
    diffIds.push(layer.diffId);
    made.push(layer);
    report({ type: 'layer', diffId: layer.diffId, sizeBytes: layer.sizeBytes });
  }
  return made;
}

function configOf(
  base: ImageConfig,
  plan: StagePlan,
  results: readonly FilesystemResult[],
  platform: Platform,
): ImageConfig {
  const history = [...base.history, ...historyOf(plan, results, base)];
  const created = history.at(-1)?.created ?? base.created;
  return {
    ...base,
    architecture: platform.architecture,
    os: platform.os,
    ...(created === undefined ? {} : { created }),
    ...(plan.author === undefined ? {} : { author: plan.author }),
    config: plan.config,
    history,
  };
}

/**
 * A step's time is when its work was done, also when it comes from the cache; what changed no files takes the time of
 * the nearest step that did, or of the base, as BuildKit has it. So the same build gives the same image ID for as long
 * as its steps are cached.
 */
function historyOf(plan: StagePlan, results: readonly FilesystemResult[], base: ImageConfig): HistoryEntry[] {
  const before = base.history.findLast(({ created }) => created !== undefined)?.created ?? base.created;
  const [first] = results;
  let created = first === undefined ? (before ?? isoTime(Date.now())) : isoTime(first.createdAt);
  let at = 0;
  return plan.history.map(({ createdBy, step }) => {
    const result = step === undefined ? undefined : results[at++];
    if (result !== undefined) created = isoTime(result.createdAt);
    const entry = { created, created_by: createdBy, comment: 'strata.dockerfile.v0' };
    return step === undefined ? { ...entry, empty_layer: true } : entry;
  });
}

const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** The op of something that stands already. */
const given = (result: FilesystemResult): Op<FilesystemResult> => ({
  cacheMap: async () => ({ digest: result.identity }),
  exec: async () => result,
});
