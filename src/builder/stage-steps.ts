import type { BuildImageRequest, BuildParts } from './build-parts.ts';
import { withOpLocation } from './failure-location.ts';
import type { CopyFrom, FileStep, PlannedHistory, StagePlan } from './frontend/plan-stage.ts';
import { CopyOp } from './ops/copy-op.ts';
import type { FilesystemResult } from './ops/filesystem-result.ts';
import { LinkOp } from './ops/link-op.ts';
import { RunOp } from './ops/run-op.ts';
import { WorkdirOp } from './ops/workdir-op.ts';
import type { Op, Vertex } from './solver/types.ts';
import { makeVertex } from './solver/vertex.ts';

export interface StageStepsOptions {
  readonly parts: BuildParts;
  readonly request: BuildImageRequest;
  /** Name of the stage in progress; empty in a Dockerfile of one stage. */
  readonly name: string;
  /** Time of everything the build creates, in seconds since 1970; undefined for the clock's. */
  readonly sourceDateEpoch: number | undefined;
  /** Files below the lowest step. */
  readonly from: Vertex<FilesystemResult>;
  /** No files at all. */
  readonly scratch: Vertex<FilesystemResult>;
  /** Returns the vertex, or an equal one of another stage. */
  readonly firstEqual: (vertex: Vertex<FilesystemResult>) => Vertex<FilesystemResult>;
  /** Returns the files of a stage or an image that a COPY copies from. */
  readonly filesOf: (from: CopyFrom, copy: PlannedHistory) => Promise<Vertex<FilesystemResult>>;
}

/**
 * Returns one vertex per file step, each on top of the one before. That of a linked copy is the link; its second input
 * is the copy, on top of nothing.
 */
export async function stepsOfStage(
  { history }: StagePlan,
  options: StageStepsOptions,
): Promise<Vertex<FilesystemResult>[]> {
  const { name, from, scratch, firstEqual, filesOf, request, parts } = options;
  const ignoreCache = request.noCache;
  const entries = history.flatMap((entry) => (entry.step === undefined ? [] : [{ entry, step: entry.step }]));
  const vertices: Vertex<FilesystemResult>[] = [];
  for (const [at, { entry, step }] of entries.entries()) {
    const { title, location } = entry;
    const number = `[${name === '' ? '' : `${name} `}${at + 1}/${entries.length}]`;
    const parent = vertices.at(-1) ?? from;
    const op = withOpLocation(createOp(step, options), location);
    const sources = step.kind === 'copy' && step.from !== undefined ? [await filesOf(step.from, entry)] : [];
    const make = (below: Vertex<FilesystemResult>): Vertex<FilesystemResult> =>
      firstEqual(makeVertex({ name: `${number} ${title}`, inputs: [below, ...sources], op, ignoreCache }));
    if (step.kind === 'copy' && step.isLinked) {
      const link = withOpLocation(new LinkOp(parts), location);
      const inputs = [parent, make(scratch)];
      vertices.push(firstEqual(makeVertex({ name: `${number} LINK ${title}`, inputs, op: link, ignoreCache })));
    } else vertices.push(make(parent));
  }
  return vertices;
}

function createOp(step: FileStep, { parts, request, sourceDateEpoch }: StageStepsOptions): Op<FilesystemResult> {
  const { workspace, runner, copies } = parts;
  const { platform, context, noCache } = request;
  const time = sourceDateEpoch === undefined ? undefined : { seconds: sourceDateEpoch, nanoseconds: 0 };
  if (step.kind === 'run') return new RunOp({ ...step, platform, workspace, runner });
  if (step.kind === 'workdir') return new WorkdirOp({ ...step, time, workspace });
  const from = step.from?.name;
  return new CopyOp({
    ...step,
    from,
    platform,
    time,
    context,
    workspace,
    copies: noCache || from !== undefined ? undefined : copies,
  });
}
