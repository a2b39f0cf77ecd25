import { parseDockerfile } from '../dockerfile/parser.ts';
import { StrataError } from '../errors/index.ts';
import { assembleImage } from '../images/assemble-image.ts';
import { recordImage } from '../images/record-image.ts';
import { familiarString, parseReference, type Reference, withDefaultTag } from '../reference/index.ts';
import type { MadeWork } from '../store/work/types.ts';
import type { BuildImageEvent, BuildImageRequest, BuildParts, BuiltImage } from './build-parts.ts';
import { configOf } from './built-config.ts';
import { located, withExtract } from './failed-instruction.ts';
import { readTarget } from './frontend/plan-stage.ts';
import { keptBytes } from './kept-bytes.ts';
import { openBase } from './open-base.ts';
import type { FilesystemResult } from './ops/filesystem-result.ts';
import { Solver } from './solver/solver.ts';
import type { Op } from './solver/types.ts';
import { makeVertex } from './solver/vertex.ts';
import { chainOf } from './step-chain.ts';
import { layersOf, lineage, makeLayers } from './step-layers.ts';

/**
 * Builds one stage: plans, solves, makes layers of the steps' snapshots, and returns how the image is recorded once they
 * are durable; an abort or a failure leaves only cached steps behind. A failure of an instruction says in its details
 * where that stands (`file`, `line`, `endLine`) and has the lines around it (`extract`).
 */
export async function buildImage(
  request: BuildImageRequest,
  parts: BuildParts,
  report: ReportBuild,
): Promise<MadeWork<BuiltImage>> {
  try {
    return await build(request, parts, report);
  } catch (error) {
    throw withExtract(error, request.dockerfile);
  }
}

type ReportBuild = (event: BuildImageEvent, taken?: () => void) => void;

async function build(
  request: BuildImageRequest,
  parts: BuildParts,
  report: ReportBuild,
): Promise<MadeWork<BuiltImage>> {
  const { signal, platform } = request;
  const tree = parseDockerfile(request.dockerfile.text);
  const target = readTarget(tree, { ...request });
  const base = await located(openBase(target, parts, platform, signal), target.location);
  const plan = target.plan(base.config.config);
  for (const { message, location } of tree.warnings) {
    report({ type: 'warning', text: `${message} (line ${location.start})` });
  }
  const { unusedArgs } = plan;
  if (unusedArgs.length > 0) {
    report({ type: 'warning', text: `One or more build-args [${unusedArgs.join(' ')}] were not consumed` });
  }

  const solver = new Solver<FilesystemResult>({ cache: parts.cache, report, signal });
  const from = makeVertex({ name: 'FROM', inputs: [], op: given(base.result) });
  solver.give(from, base.result);
  const results: FilesystemResult[] = [];
  for (const vertex of chainOf(plan, from, { parts, request })) results.push(await solver.solve(vertex));

  const below = layersOf(base.config, parts.store.metadata.layers);
  const made = await makeLayers(below, lineage(results, parts.store.metadata.snapshots), parts, report, signal);
  const layers = [...below, ...made];
  const image = assembleImage(configOf(base.config, plan, results, platform), layers);
  const { references } = request;
  const record = async (): Promise<BuiltImage> => {
    const sizeBytes = layers.reduce((total, layer) => total + layer.sizeBytes, 0);
    const { store, work } = parts;
    const id = await recordImage(store.metadata, work, image, { signal, references, sizeBytes });
    const names = references.map(familiarString);
    report({ type: 'image', id, references: names });
    for (const kept of keptBytes(plan, made)) report({ type: 'kept', ...kept });
    return { id, target: image.manifest.descriptor.digest, references: names };
  };
  return { snapshotIds: made.map(({ snapshotId }) => snapshotId), record };
}

/** Names for the image, checked before anything is built. Throws ERR_REFERENCE_INVALID, ERR_TAG_REFUSED. */
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

/** The op of something that stands already. */
const given = (result: FilesystemResult): Op<FilesystemResult> => ({
  definition: result.identity,
  isKeyedByDefinition: true,
  key: async () => ({ digest: result.identity, exec: async () => result }),
});
