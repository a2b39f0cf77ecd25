import { availableParallelism } from 'node:os';
import { parseDockerfile } from '../dockerfile/parse-dockerfile.ts';
import { StrataError } from '../errors/index.ts';
import { assembleImage } from '../images/assemble-image.ts';
import { type RecordedImage, recordImage } from '../images/record-image.ts';
import { parseReference, type Reference, withDefaultTag } from '../reference/index.ts';
import type { WorkResult } from '../store/work/types.ts';
import { assembleConfig, type BuiltPlan } from './assemble-config.ts';
import type { BuildEvent, BuildImageRequest, BuildParts } from './build-parts.ts';
import { withExtract } from './failure-location.ts';
import { readTarget } from './frontend/read-target.ts';
import { openStages, stagesBelow } from './open-stages.ts';
import type { FilesystemResult } from './ops/filesystem-result.ts';
import { Solver } from './solver/solver.ts';
import { baseLayersOf, lineage, makeStepLayers } from './step-layers.ts';
import { findWastedBytes } from './wasted-bytes.ts';

/**
 * Builds a target's stage and the stages that it needs: plans, solves, and makes layers of the steps' snapshots.
 * Returns the snapshots with a function that records the image once they are durable. An abort or a failure leaves only
 * cached steps behind. The error of a failed instruction has its position (`file`, `line`, `endLine`) and the lines
 * around it (`extract`) in its details.
 */
export async function buildImage(
  request: BuildImageRequest,
  parts: BuildParts,
  report: ReportBuild,
): Promise<WorkResult<RecordedImage>> {
  try {
    return await build(request, parts, report);
  } catch (error) {
    throw withExtract(error, request.dockerfile);
  }
}

type ReportBuild = (event: BuildEvent, taken?: () => void) => void;

async function build(
  request: BuildImageRequest,
  parts: BuildParts,
  report: ReportBuild,
): Promise<WorkResult<RecordedImage>> {
  const { signal, platform } = request;
  const tree = parseDockerfile(request.dockerfile.text);
  const target = readTarget(tree, { ...request });
  const solver = new Solver<FilesystemResult>({ cache: parts.cache, report, signal, atOnce: availableParallelism() });
  const { top, all } = await openStages(target, { parts, request, solver });
  for (const { message, location } of tree.warnings) {
    report({ type: 'warning', text: `${message} (line ${location.start})` });
  }
  const unusedArgs = target.unusedArgs(all.map(({ plan }) => plan));
  if (unusedArgs.length > 0) {
    report({ type: 'warning', text: `One or more build-args [${unusedArgs.join(' ')}] were not consumed` });
  }

  await solver.solve(top.files);
  const stages = stagesBelow(top);
  const results = await Promise.all(stages.flatMap(({ steps }) => steps).map((step) => solver.solve(step)));
  const below = baseLayersOf(top.image, parts.store.metadata.layers);
  const made = await makeStepLayers(below, lineage(results, parts.store.metadata.snapshots), parts, report, signal);
  const layers = [...below, ...made];
  const plan: BuiltPlan = {
    config: top.plan.config,
    author: stages.findLast((stage) => stage.plan.author !== undefined)?.plan.author,
    history: stages.flatMap((stage) => stage.plan.history),
    sourceDateEpoch: target.sourceDateEpoch,
  };
  const image = assembleImage(assembleConfig(top.image, plan, results, platform), layers);
  const { references } = request;
  const record = async (): Promise<RecordedImage> => {
    const { store, work } = parts;
    const recorded = await recordImage(store.metadata, work, image, { signal, references, layers });
    report({ type: 'image', id: recorded.id, references: recorded.references });
    for (const wasted of findWastedBytes(plan, made)) report({ type: 'kept', ...wasted });
    return recorded;
  };
  return { snapshotIds: made.map(({ snapshotId }) => snapshotId), record };
}

/** Parses the names for the image. Throws ERR_REFERENCE_INVALID, ERR_TAG_REFUSED. */
export const readTags = (tags: readonly string[]): Reference[] =>
  tags.map((tag) => {
    const reference = withDefaultTag(parseReference(tag));
    if (reference.digest === undefined) return reference;
    throw new StrataError({
      code: 'ERR_TAG_REFUSED',
      message: `build tag cannot contain a digest: ${tag}`,
      hint: 'Leave out the digest, from the @ on.',
    });
  });
