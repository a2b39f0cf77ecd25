import { valueError } from '../dockerfile/dockerfile-error.ts';
import { invariant } from '../lib/invariant.ts';
import type { ImageConfig, RunConfig } from '../spec/config.ts';
import type { BuildImageRequest, BuildParts } from './build-parts.ts';
import { withLocation } from './failure-location.ts';
import type { CopyFrom, PlannedHistory, StagePlan } from './frontend/plan-stage.ts';
import type { NeededStage, Target } from './frontend/read-target.ts';
import { openBase, scratchResult } from './open-base.ts';
import type { FilesystemResult } from './ops/filesystem-result.ts';
import type { Solver } from './solver/solver.ts';
import type { Vertex } from './solver/types.ts';
import { makeVertex } from './solver/vertex.ts';
import { stepsOfStage } from './stage-steps.ts';

/** A stage with its plan and its steps. */
export interface OpenedStage {
  readonly plan: StagePlan;
  /** The stage that it builds on; undefined for an image or scratch. */
  readonly below: OpenedStage | undefined;
  /** Config of the image below all stages. */
  readonly image: ImageConfig;
  /** Its own steps, lowest first. */
  readonly steps: readonly Vertex<FilesystemResult>[];
  /** Its files after the last step. */
  readonly files: Vertex<FilesystemResult>;
}

export interface OpenStagesOptions {
  readonly parts: BuildParts;
  readonly request: BuildImageRequest;
  readonly solver: Solver<FilesystemResult>;
}

/**
 * Plans a target's stage and those that it needs, and looks up the images that they build on or copy from. Stages that
 * are not needed are skipped. Throws what {@link openBase} and the plans of stages throw.
 */
export async function openStages(
  target: Target,
  options: OpenStagesOptions,
): Promise<{ readonly top: OpenedStage; readonly all: readonly OpenedStage[] }> {
  const stages = new Stages(target, options);
  const top = await stages.open(target.index);
  return { top, all: stages.all };
}

/** Returns a stage and those that it builds on, lowest first. */
export function stagesBelow(top: OpenedStage): OpenedStage[] {
  const stages: OpenedStage[] = [];
  for (let stage: OpenedStage | undefined = top; stage !== undefined; stage = stage.below) stages.push(stage);
  return stages.reverse();
}

// Most entries of configs that all stages together may inherit: 30,000 stages with a variable each would take
// gigabytes.
const maxInherited = 1_000_000;

class Stages {
  readonly #target: Target;
  readonly #options: OpenStagesOptions;
  readonly #opened = new Map<number, OpenedStage>();
  readonly #vertices = new Map<string, Vertex<FilesystemResult>>();
  #inherited = 0;

  constructor(target: Target, options: OpenStagesOptions) {
    this.#target = target;
    this.#options = options;
  }

  get all(): readonly OpenedStage[] {
    return [...this.#opened.values()];
  }

  /** Opens a stage after those that it needs; a trigger of a base may open one more meanwhile. */
  async open(index: number): Promise<OpenedStage> {
    const existing = this.#opened.get(index);
    if (existing !== undefined) return existing;
    for (const stage of this.#target.stagesFor(index)) {
      if (!this.#opened.has(stage.index)) this.#opened.set(stage.index, await this.#open(stage));
    }
    const opened = this.#opened.get(index);
    invariant(opened !== undefined, 'a stage is among those that it needs');
    return opened;
  }

  async #open(stage: NeededStage): Promise<OpenedStage> {
    const { parts, request } = this.#options;
    request.signal.throwIfAborted();
    const { below, image, files: from } = await withLocation(this.#below(stage), stage.location);
    const config = below?.plan.config ?? image.config;
    this.#inherited += sizeOf(config);
    if (this.#inherited > maxInherited)
      throw valueError(
        'stages inherit too many variables, labels, ports and volumes',
        stage.location,
        'Build fewer stages on top of each other, or set fewer of these.',
      );
    const plan = stage.plan(config);
    const steps = await stepsOfStage(plan, {
      parts,
      request,
      name: stage.name,
      sourceDateEpoch: this.#target.sourceDateEpoch,
      from,
      scratch: this.#vertexOf(scratchResult),
      firstEqual: (vertex) => this.#firstEqual(vertex),
      filesOf: async (copied, entry) => await this.#filesOf(copied, entry),
    });
    return { plan, below, image, steps, files: steps.at(-1) ?? from };
  }

  async #below(stage: NeededStage): Promise<Pick<OpenedStage, 'below' | 'image' | 'files'>> {
    const { base } = stage;
    if (base.kind === 'stage') {
      const below = await this.open(base.index);
      return { below, image: below.image, files: below.files };
    }
    const { parts, request } = this.#options;
    const { config, result } = await openBase({ ...stage, base }, parts, request.platform, request.signal);
    return { below: undefined, image: config, files: this.#vertexOf(result) };
  }

  async #filesOf({ source, hint }: CopyFrom, { location }: PlannedHistory): Promise<Vertex<FilesystemResult>> {
    if (source.kind === 'stage') return (await this.open(source.index)).files;
    const { parts, request } = this.#options;
    const named = { base: source, hintOfUnset: undefined, hintOfNoStage: hint };
    const opening = openBase(named, parts, request.platform, request.signal);
    return this.#vertexOf((await withLocation(opening, location)).result);
  }

  /** Returns the first of equal vertices, so that progress shows its name. */
  #firstEqual(vertex: Vertex<FilesystemResult>): Vertex<FilesystemResult> {
    const first = this.#vertices.get(vertex.digest) ?? vertex;
    this.#vertices.set(vertex.digest, first);
    return first;
  }

  /** Returns a vertex of existing files. */
  #vertexOf(result: FilesystemResult): Vertex<FilesystemResult> {
    const vertex = makeVertex<FilesystemResult>({
      name: 'FROM',
      inputs: [],
      op: {
        definition: result.identity,
        isKeyedByDefinition: true,
        key: async () => ({ digest: result.identity, exec: async () => result }),
      },
    });
    this.#options.solver.give(vertex, result);
    return vertex;
  }
}

const sizeOf = ({ Env = [], Labels = {}, ExposedPorts = {}, Volumes = {} }: RunConfig): number =>
  Env.length + [Labels, ExposedPorts, Volumes].reduce((total, map) => total + Object.keys(map).length, 0);
