import { expandMetaArgs } from '../../dockerfile/expand-args.ts';
import { parseInstructions } from '../../dockerfile/instructions/parse-instructions.ts';
import type { CopyInstruction } from '../../dockerfile/instructions/types.ts';
import { excerpt } from '../../dockerfile/quote.ts';
import { hintOfNoStage } from '../../dockerfile/stage-hints.ts';
import { hintOfUnset, type ResolvedStage, resolveStages, type StageSource } from '../../dockerfile/stages.ts';
import type { LineRange, SyntaxTree } from '../../dockerfile/syntax-tree.ts';
import { isStrataError, restate } from '../../errors/index.ts';
import type { RunConfig } from '../../spec/config.ts';
import { type Platform, parsePlatform, samePlatform } from '../../spec/platform.ts';
import { type CopyFrom, planStage, type StagePlan } from './plan-stage.ts';
import type { BuildNetwork } from './run-step.ts';
import { readSourceDateEpoch, sourceDateEpochName } from './source-date-epoch.ts';
import { notSupportedError, refuseUnsupported } from './unsupported.ts';
import { findUnusedArgs } from './unused-args.ts';

export interface TargetOptions {
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  /** Name or number of the stage to build; undefined for the last. */
  readonly target: string | undefined;
  readonly platform: Platform;
  readonly network?: BuildNetwork;
}

/** A stage to build. Its plan needs the config of its base. */
export interface NeededStage {
  readonly index: number;
  /** Name in progress; empty in a Dockerfile of one stage. */
  readonly name: string;
  readonly base: StageSource;
  /** Hint for a wrong name of the base, when a variable in it has no value. */
  readonly hintOfUnset: string | undefined;
  /** Hint about stages for a base image that is not found. */
  readonly hintOfNoStage: string | undefined;
  /** Lines of its FROM. */
  readonly location: LineRange;
  plan(baseConfig: RunConfig): StagePlan;
}

/** The stage to build, with access to those that it needs. */
export interface Target {
  readonly index: number;
  /** Time of everything the build creates, in seconds since 1970; undefined for the clock's. */
  readonly sourceDateEpoch: number | undefined;
  /** Returns a stage and those that it needs, lowest first: each builds on and copies from earlier ones only. */
  stagesFor(index: number): readonly NeededStage[];
  /** Returns build arguments without an ARG in the Dockerfile or a trigger of a base. */
  unusedArgs(plans: readonly StagePlan[]): readonly string[];
}

/**
 * Reads a Dockerfile's target stage and those that it needs. Unsupported features are refused here, before anything is
 * built; stages that are not needed are not checked. Throws ERR_NOT_SUPPORTED_YET and the errors of the Dockerfile
 * language.
 */
export function readTarget(tree: SyntaxTree, options: TargetOptions): Target {
  const { metaArgs, stages } = parseInstructions(tree);
  const { escape } = tree;
  const { buildArgs, labels, network = 'default' } = options;
  const globals = expandMetaArgs(metaArgs, platformArgs(options), { escape, overrides: buildArgs });
  const graph = resolveStages(stages, { escape, args: globals });
  const target = graph.target(options.target);
  const epoch = buildArgs.get(sourceDateEpochName) ?? globals.get(sourceDateEpochName) ?? '';
  const written = [...metaArgs, ...stages.flatMap(({ instructions }) => instructions)];

  const copyFrom = (copy: CopyInstruction, stage: ResolvedStage): CopyFrom | undefined => {
    const source = graph.sourceOf(copy, stage);
    return source && { source, name: nameOf(source, graph.stages), hint: noStage(source, stage) };
  };
  const noStage = (source: StageSource, { index }: ResolvedStage): string | undefined =>
    source.kind === 'image' ? hintOfNoStage(source.reference, graph.stages.slice(0, index)) : undefined;
  const toNeededStage = (stage: ResolvedStage): NeededStage => ({
    index: stage.index,
    name: stages.length > 1 ? stage.name : '',
    base: stage.base,
    hintOfUnset: hintOfUnset(stage.unset),
    hintOfNoStage: noStage(stage.base, stage),
    location: stage.stage.from.location,
    plan: (baseConfig) =>
      planStage(stage.stage, {
        baseConfig,
        globals,
        buildArgs,
        labels: stage === target ? labels : {},
        network,
        escape,
        sourceOf: (copy) => copyFrom(copy, stage),
      }),
  });
  const stagesFor = (index: number): NeededStage[] => {
    const reachable = graph.reachable(graph.stages[index] ?? target);
    for (const stage of reachable) refuseStage(stage, options.platform);
    return reachable.map(toNeededStage);
  };
  return {
    index: target.index,
    sourceDateEpoch: readSourceDateEpoch(epoch),
    stagesFor,
    unusedArgs: (plans) => findUnusedArgs(buildArgs, [...written, ...plans.flatMap(({ triggers }) => triggers)]),
  };
}

function nameOf(source: StageSource, stages: readonly ResolvedStage[]): string {
  if (source.kind === 'stage') return `stage ${stages[source.index]?.name}`;
  return source.kind === 'scratch' ? 'scratch' : `image ${excerpt(source.reference)}`;
}

function refuseStage({ platform, stage }: ResolvedStage, ours: Platform): void {
  if (platform !== undefined) refusePlatform(platform, stage.from.location, ours);
  for (const instruction of stage.instructions) refuseUnsupported(instruction);
}

function refusePlatform(platform: string, { start, end }: LineRange, ours: Platform): void {
  try {
    if (samePlatform(parsePlatform(platform, ours), ours)) return;
  } catch (error) {
    throw isStrataError(error) ? restate(error, { details: { line: start, endLine: end } }) : error;
  }
  const hint = 'Leave it out: images are built for the platform of this machine.';
  throw notSupportedError(`FROM --platform=${excerpt(platform)}`, { start, end }, hint);
}

function platformArgs({ platform }: TargetOptions): Map<string, string> {
  const name = [platform.os, platform.architecture, ...(platform.variant ? [platform.variant] : [])].join('/');
  const values = (prefix: string): [string, string][] => [
    [`${prefix}PLATFORM`, name],
    [`${prefix}OS`, platform.os],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ];
  return new Map([...values('TARGET'), ...values('BUILD')]);
}
