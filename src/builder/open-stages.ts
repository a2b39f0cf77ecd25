import { valueError } from '../dockerfile/dockerfile-error.ts';
import { invariant } from '../lib/invariant.ts';
import type { ImageConfig, RunConfig } from '../spec/config.ts';
import type { BuildImageRequest, BuildParts } from './build-parts.ts';
import { located } from './failed-instruction.ts';
import type { CopyFrom, PlannedHistory, StagePlan } from './frontend/plan-stage.ts';
import type { NeededStage, Target } from './frontend/read-target.ts';
import { nothing, openBase } from './open-base.ts';
import type { FilesystemResult } from './ops/filesystem-result.ts';
import type { Solver } from './solver/solver.ts';
import type { Vertex } from './solver/types.ts';
import { makeVertex } from './solver/vertex.ts';
import { stepsOfStage } from './stage-steps.ts';

/** A stage with everything known that it does. */
export interface OpenedStage {
  readonly plan: StagePlan;
  /** The stage that it stands on; undefined where that is an image, or nothing. */
  readonly below: OpenedStage | undefined;
  /** The image at the bottom, below all stages. */
  readonly image: ImageConfig;
  /** Its own steps, lowest first. */
  readonly steps: readonly Vertex<FilesystemResult>[];
  /** Its files when all is done. */
  readonly files: Vertex<FilesystemResult>;
}

export interface OpenStagesOptions {
  readonly parts: BuildParts;
  readonly request: BuildImageRequest;
  readonly solver: Solver<FilesystemResult>;
}

/**
 * Plans a target's stage and those that it needs, and looks up the images that they stand on or copy from: of stages that
 * are not needed, nothing. Throws what {@link openBase} and the plans of stages throw.
 */
export async function openStages(
  target: Target,
  options: OpenStagesOptions,
): Promise<{ readonly top: OpenedStage; readonly all: readonly OpenedStage[] }> {
  const stages = new Stages(target, options);
  const top = await stages.open(target.index);
  return { top, all: stages.all };
}

/** A stage and those that it stands on, lowest first. */
export function stagesBelow(top: OpenedStage): OpenedStage[] {
  const stages: OpenedStage[] = [];
  for (let stage: OpenedStage | undefined = top; stage !== undefined; stage = stage.below) stages.push(stage);
  return stages.reverse();
}

// All that stages take over from those below, together: 30,000 stages with a variable each would take gigabytes.
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

  /** Those that it needs are opened first; a trigger of a base may need one more in the midst of it. */
  async open(index: number): Promise<OpenedStage> {
    const standing = this.#opened.get(index);
    if (standing !== undefined) return standing;
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
    const { below, image, files: from } = await located(this.#below(stage), stage.location);
    const config = below?.plan.config ?? image.config;
    this.#inherited += sizeOf(config);
    if (this.#inherited > maxInherited) throw valueError('too many stages take over too much', stage.location);
    const plan = stage.plan(config);
    const steps = await stepsOfStage(plan, {
      parts,
      request,
      name: stage.name,
      sourceDateEpoch: this.#target.sourceDateEpoch,
      from,
      scratch: this.#give(nothing),
      known: (vertex) => this.#known(vertex),
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
    return { below: undefined, image: config, files: this.#give(result) };
  }

  async #filesOf({ source, hint }: CopyFrom, { location }: PlannedHistory): Promise<Vertex<FilesystemResult>> {
    if (source.kind === 'stage') return (await this.open(source.index)).files;
    const { parts, request } = this.#options;
    const named = { base: source, hintOfUnset: undefined, hintOfNoStage: hint };
    const opening = openBase(named, parts, request.platform, request.signal);
    return this.#give((await located(opening, location)).result);
  }

  /** The first of equal vertices, so that progress shows the name of that. */
  #known(vertex: Vertex<FilesystemResult>): Vertex<FilesystemResult> {
    const first = this.#vertices.get(vertex.digest) ?? vertex;
    this.#vertices.set(vertex.digest, first);
    return first;
  }

  /** The vertex of files that stand already. */
  #give(result: FilesystemResult): Vertex<FilesystemResult> {
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
