import type { BuildImageRequest, BuildParts } from './build-parts.ts';
import type { FileStep, PlannedHistory, StagePlan } from './frontend/plan-stage.ts';
import { CopyOp } from './ops/copy-op.ts';
import type { FilesystemResult } from './ops/filesystem-result.ts';
import { RunOp } from './ops/run-op.ts';
import { WorkdirOp } from './ops/workdir-op.ts';
import type { Op, Vertex } from './solver/types.ts';

export interface ChainOptions {
  readonly parts: BuildParts;
  readonly request: BuildImageRequest;
}

/** One vertex per file step, each standing on the one before. */
export function chainOf(
  plan: StagePlan,
  from: Vertex<FilesystemResult>,
  options: ChainOptions,
): Vertex<FilesystemResult>[] {
  const steps = plan.history.filter((entry): entry is PlannedHistory & { step: FileStep } => entry.step !== undefined);
  const vertices: Vertex<FilesystemResult>[] = [];
  for (const [at, { title, step }] of steps.entries()) {
    vertices.push({
      digest: `step:${at}`,
      name: `[${at + 1}/${steps.length}] ${title}`,
      inputs: [vertices.at(-1) ?? from],
      op: opOf(step, options),
      ignoreCache: options.request.noCache,
    });
  }
  return vertices;
}

function opOf(step: FileStep, { parts, request }: ChainOptions): Op<FilesystemResult> {
  const { workspace, runner } = parts;
  if (step.kind === 'run') return new RunOp({ ...step, platform: request.platform, workspace, runner });
  if (step.kind === 'workdir') return new WorkdirOp({ ...step, workspace });
  return new CopyOp({ ...step, platform: request.platform, context: request.context, workspace });
}
