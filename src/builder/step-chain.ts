import type { BuildImageRequest, BuildParts } from './build-parts.ts';
import { standingAt } from './failed-instruction.ts';
import type { FileStep, PlannedHistory, StagePlan } from './frontend/plan-stage.ts';
import { CopyOp } from './ops/copy-op.ts';
import type { FilesystemResult } from './ops/filesystem-result.ts';
import { LinkOp } from './ops/link-op.ts';
import { RunOp } from './ops/run-op.ts';
import { WorkdirOp } from './ops/workdir-op.ts';
import type { Op, Vertex } from './solver/types.ts';
import { makeVertex } from './solver/vertex.ts';

export interface ChainOptions {
  readonly parts: BuildParts;
  readonly request: BuildImageRequest;
}

/** One vertex per file step, each standing on the one before; a linked copy has one of its own, which stands on nothing. */
export function chainOf(
  plan: StagePlan,
  from: Vertex<FilesystemResult>,
  options: ChainOptions,
): Vertex<FilesystemResult>[] {
  const steps = plan.history.filter((entry): entry is PlannedHistory & { step: FileStep } => entry.step !== undefined);
  const vertices: Vertex<FilesystemResult>[] = [];
  const ignoreCache = options.request.noCache;
  for (const [at, { title, step, location }] of steps.entries()) {
    const number = `[${at + 1}/${steps.length}]`;
    const parent = vertices.at(-1) ?? from;
    const op = standingAt(opOf(step, plan, options), location);
    if (step.kind === 'copy' && step.isLinked) {
      const copy = makeVertex({ name: `${number} ${title}`, inputs: [], op, ignoreCache });
      const link = standingAt(new LinkOp(options.parts), location);
      vertices.push(makeVertex({ name: `${number} LINK ${title}`, inputs: [parent, copy], op: link, ignoreCache }));
    } else vertices.push(makeVertex({ name: `${number} ${title}`, inputs: [parent], op, ignoreCache }));
  }
  return vertices;
}

function opOf(step: FileStep, plan: StagePlan, { parts, request }: ChainOptions): Op<FilesystemResult> {
  const { workspace, runner } = parts;
  const { sourceDateEpoch } = plan;
  const time = sourceDateEpoch === undefined ? undefined : { seconds: sourceDateEpoch, nanoseconds: 0 };
  if (step.kind === 'run') return new RunOp({ ...step, platform: request.platform, workspace, runner });
  if (step.kind === 'workdir') return new WorkdirOp({ ...step, time, workspace });
  const { platform, context, noCache } = request;
  return new CopyOp({ ...step, platform, time, context, workspace, copies: noCache ? undefined : parts.copies });
}
