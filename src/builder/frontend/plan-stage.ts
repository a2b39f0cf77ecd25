import { expandMetaArgs } from '../../dockerfile/build-args.ts';
import { valueError } from '../../dockerfile/dockerfile-error.ts';
import { expandInstruction } from '../../dockerfile/expand-instruction.ts';
import { parseInstructions, parseTrigger } from '../../dockerfile/instructions/parse-instructions.ts';
import type { AddInstruction, CopyInstruction, Instruction, Stage } from '../../dockerfile/instructions/types.ts';
import { parsePorts } from '../../dockerfile/ports.ts';
import { excerpt } from '../../dockerfile/quote.ts';
import type { Variables } from '../../dockerfile/shell-words.ts';
import { hintOfUnset, resolveStages, type StageSource } from '../../dockerfile/stages.ts';
import type { EscapeCharacter, LineRange, SyntaxTree } from '../../dockerfile/syntax-tree.ts';
import { cleanPath } from '../../lib/clean-path.ts';
import type { RunConfig } from '../../spec/config.ts';
import type { Platform } from '../../spec/platform.ts';
import type { RunStep } from '../ops/run-op.ts';
import { ConfigDraft } from './config-draft.ts';
import { createdBy } from './created-by.ts';
import { type BuildNetwork, type RunContext, runCreatedBy, runStepOf } from './run-step.ts';
import { isSignal } from './signal-name.ts';
import { readSourceDateEpoch, sourceDateEpochName } from './source-date-epoch.ts';
import { StageArgs } from './stage-args.ts';
import { notSupportedYet, refuseRemote, refuseUnsupported } from './unsupported.ts';
import { unusedArgs } from './unused-args.ts';

/** A step that changes files. `layer` counts them from 0 in the order they stand on each other. */
export type FileStep =
  | ({ readonly kind: 'run' } & RunStep)
  | {
      readonly kind: 'copy';
      readonly instruction: CopyInstruction | AddInstruction;
      readonly destination: string;
      /** Its layer is made without a look at those below. */
      readonly isLinked: boolean;
    }
  | { readonly kind: 'workdir'; readonly path: string; readonly user: string };

/** One line of the image's history; `step` is undefined where it made no layer. */
export interface PlannedHistory {
  readonly createdBy: string;
  /** As progress shows it. */
  readonly title: string;
  /** Where its instruction stands in the Dockerfile; of a base's trigger, where the FROM does. */
  readonly location: LineRange;
  readonly step: FileStep | undefined;
}

/** A stage with every variable resolved: what to do, and what the image will say of itself. */
export interface StagePlan {
  readonly config: RunConfig;
  readonly author: string | undefined;
  readonly history: readonly PlannedHistory[];
  /** The time of everything the build makes, in seconds since 1970; the clock's without it. */
  readonly sourceDateEpoch: number | undefined;
  /** Build arguments that no ARG takes. */
  readonly unusedArgs: readonly string[];
}

export interface PlanOptions {
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  readonly platform: Platform;
  readonly network?: BuildNetwork;
}

/** The base a Dockerfile's target stands on, known before the plan: its config enters the plan. */
export interface TargetStage {
  readonly base: StageSource;
  /** What to do where its name is wrong for want of a variable's value. */
  readonly hint: string | undefined;
  /** Where its FROM stands. */
  readonly location: LineRange;
  plan(baseConfig: RunConfig): StagePlan;
}

/**
 * Reads a Dockerfile's target stage. Everything the builder cannot do yet is refused here, before anything is built.
 * Throws ERR_NOT_SUPPORTED_YET and the errors of the Dockerfile language.
 */
export function readTarget(tree: SyntaxTree, options: PlanOptions): TargetStage {
  const { metaArgs, stages } = parseInstructions(tree);
  const { escape } = tree;
  const globals = expandMetaArgs(metaArgs, predefinedArgs(options), { escape, overrides: options.buildArgs });
  const graph = resolveStages(stages, { escape, args: globals });
  const target = graph.target(options.target);
  const needed = graph.reachable(target);
  if (needed.length > 1) {
    const hint = 'Build each stage as an image of its own: a later one can begin FROM the earlier.';
    throw notSupportedYet('several stages', target.stage.from.location, hint);
  }
  if (target.platform !== undefined) {
    const hint = 'Leave it out: images are built for the platform of this machine.';
    throw notSupportedYet('FROM --platform', target.stage.from.location, hint);
  }
  for (const instruction of target.stage.instructions) refuseUnsupported(instruction);
  const epoch = options.buildArgs.get(sourceDateEpochName) ?? globals.get(sourceDateEpochName) ?? '';
  const sourceDateEpoch = readSourceDateEpoch(epoch);
  const written = [...metaArgs, ...stages.flatMap(({ instructions }) => instructions)];
  return {
    base: target.base,
    hint: hintOfUnset(target.unset),
    location: target.stage.from.location,
    plan: (baseConfig) => {
      const triggers = triggersOf(baseConfig, target.stage);
      return {
        ...planStage({ stage: target.stage, triggers, baseConfig, globals, escape, options }),
        sourceDateEpoch,
        unusedArgs: unusedArgs(options.buildArgs, [...written, ...triggers]),
      };
    },
  };
}

function predefinedArgs({ platform }: PlanOptions): Map<string, string> {
  const name = [platform.os, platform.architecture, ...(platform.variant ? [platform.variant] : [])].join('/');
  const values = (prefix: string): [string, string][] => [
    [`${prefix}PLATFORM`, name],
    [`${prefix}OS`, platform.os],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ];
  return new Map([...values('TARGET'), ...values('BUILD')]);
}

interface PlannedStage {
  readonly stage: Stage;
  /** The base's, which come first. */
  readonly triggers: readonly Instruction[];
  readonly baseConfig: RunConfig;
  readonly globals: ReadonlyMap<string, string>;
  readonly escape: EscapeCharacter;
  readonly options: PlanOptions;
}

function triggersOf({ OnBuild = [] }: RunConfig, { from }: Stage): Instruction[] {
  const triggers = OnBuild.map((trigger) => parseTrigger(trigger, from.location));
  for (const trigger of triggers) refuseUnsupported(trigger);
  return triggers;
}

function planStage({
  stage,
  triggers,
  baseConfig,
  globals,
  escape,
  options,
}: PlannedStage): Pick<StagePlan, 'config' | 'author' | 'history'> {
  const draft = new ConfigDraft(baseConfig);
  const args = new StageArgs({ escape, globals, overrides: options.buildArgs });
  const history: PlannedHistory[] = [];
  let author: string | undefined;
  // ENV wins over an ARG of the same name, whichever stands first.
  const variables: Variables = { get: (name) => draft.environment.get(name) ?? args.values.get(name) };
  for (const written of [...triggers, ...stage.instructions]) {
    const instruction =
      written.kind === 'ARG'
        ? args.declare(written, variables)
        : resolved(expandInstruction(written, variables, { escape }), draft);
    const { shell } = draft;
    const step = fileStepOf(instruction, {
      draft,
      args: args.values,
      buildArgs: options.buildArgs,
      network: options.network ?? 'default',
    });
    draft.apply(instruction);
    if (instruction.kind === 'MAINTAINER') author = instruction.maintainer;
    if (instruction.kind === 'ONBUILD') continue;
    const told = step?.kind === 'run' ? runCreatedBy(step, args.declared) : createdBy(instruction, shell);
    const title = step?.kind === 'run' ? instruction.source : told;
    history.push({ createdBy: told, title, location: instruction.location, step });
  }
  draft.addLabels(options.labels);
  return { config: draft.value, author, history };
}

/** Reads and checks what only shows once variables are known. Throws ERR_DOCKERFILE_VALUE. */
function resolved(instruction: Instruction, draft: ConfigDraft): Instruction {
  const { location } = instruction;
  if (instruction.kind === 'WORKDIR') return { ...instruction, path: absolute(draft, instruction.path) };
  if (instruction.kind === 'EXPOSE') return { ...instruction, ports: parsePorts(instruction.ports, location) };
  if (instruction.kind === 'VOLUME' && instruction.volumes.includes('')) {
    throw valueError('VOLUME specified can not be an empty string', location);
  }
  if (instruction.kind === 'STOPSIGNAL' && !isSignal(instruction.signal)) {
    throw valueError(`invalid signal: ${excerpt(instruction.signal)}`, location);
  }
  return instruction;
}

const absolute = (draft: ConfigDraft, path: string): string =>
  cleanPath(path.startsWith('/') ? path : `${draft.workingDir}/${path}`);

function fileStepOf(instruction: Instruction, context: RunContext): FileStep | undefined {
  const { draft } = context;
  if (instruction.kind === 'RUN') return { kind: 'run', ...runStepOf(instruction, context) };
  if (instruction.kind === 'WORKDIR') {
    // The root is there: BuildKit makes no layer for it.
    return instruction.path === '/' ? undefined : { kind: 'workdir', path: instruction.path, user: draft.user };
  }
  if (instruction.kind !== 'COPY' && instruction.kind !== 'ADD') return undefined;
  if (instruction.kind === 'ADD') refuseRemote(instruction);
  const { destination: written } = instruction;
  const cleaned = absolute(draft, written);
  // `dir/`, `.` and `..` mean a directory also when none stands there yet.
  const isDirectory = /(^|\/)\.{0,2}$/.test(written) && cleaned !== '/';
  return {
    kind: 'copy',
    instruction,
    destination: isDirectory ? `${cleaned}/` : cleaned,
    isLinked: isLinked(instruction),
  };
}

const needsNoNames = /^(?:root|\d*)(?::(?:root|\d*))?$/;

/** As BuildKit: beside `--chmod`, `--link` is not looked at. Throws ERR_DOCKERFILE_VALUE. */
function isLinked({ kind, link, chmod, chown, location }: CopyInstruction | AddInstruction): boolean {
  if (!link || chmod !== '') return false;
  if (needsNoNames.test(chown)) return true;
  throw valueError(`${kind} --link --chown=${excerpt(chown)}: names cannot be looked up in the layers below`, location);
}
