import { valueError } from '../../dockerfile/dockerfile-error.ts';
import { expandInstruction } from '../../dockerfile/expand-instruction.ts';
import { parseTrigger } from '../../dockerfile/instructions/parse-instructions.ts';
import type { AddInstruction, CopyInstruction, Instruction, Stage } from '../../dockerfile/instructions/types.ts';
import { parsePorts } from '../../dockerfile/ports.ts';
import { excerpt } from '../../dockerfile/quote.ts';
import type { Variables } from '../../dockerfile/shell-words.ts';
import type { StageSource } from '../../dockerfile/stages.ts';
import type { EscapeCharacter, LineRange } from '../../dockerfile/syntax-tree.ts';
import { cleanPath } from '../../lib/clean-path.ts';
import type { RunConfig } from '../../spec/config.ts';
import type { RunStep } from '../ops/run-op.ts';
import { ConfigDraft } from './config-draft.ts';
import { createdBy } from './created-by.ts';
import { type BuildNetwork, type RunContext, runCreatedBy, runStepOf } from './run-step.ts';
import { isSignal } from './signal-name.ts';
import { StageArgs } from './stage-args.ts';
import { refuseRemote, refuseUnsupported } from './unsupported.ts';

/** What `COPY --from` names. */
export interface CopyFrom {
  readonly source: StageSource;
  /** For messages: `stage build`, `image busybox`. */
  readonly name: string;
  /** What to say of stages where it names an image that is not there. */
  readonly hint: string | undefined;
}

/** A step that changes files. */
export type FileStep =
  | ({ readonly kind: 'run' } & RunStep)
  | {
      readonly kind: 'copy';
      readonly instruction: CopyInstruction | AddInstruction;
      readonly destination: string;
      /** Undefined for the build context. */
      readonly from: CopyFrom | undefined;
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
  /** What the base had its users do first. */
  readonly triggers: readonly Instruction[];
}

export interface PlanStageOptions {
  /** What the stage takes over from the one or the image it stands on. */
  readonly baseConfig: RunConfig;
  /** Values of the ARGs before the first FROM, and predefined ones. */
  readonly globals: ReadonlyMap<string, string>;
  /** `--build-arg`. */
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  readonly network: BuildNetwork;
  readonly escape: EscapeCharacter;
  /** Where a COPY takes its files from. Throws ERR_DOCKERFILE_STAGE. */
  readonly sourceOf: (copy: CopyInstruction) => CopyFrom | undefined;
}

/**
 * Resolves everything that a stage says. Triggers of its base come first. Throws ERR_NOT_SUPPORTED_YET, ERR_NETWORK_REFUSED
 * and the errors of the Dockerfile language.
 */
export function planStage({ from, instructions }: Stage, options: PlanStageOptions): StagePlan {
  const { baseConfig, globals, escape, buildArgs, network } = options;
  const triggers = (baseConfig.OnBuild ?? []).map((trigger) => parseTrigger(trigger, from.location));
  for (const trigger of triggers) refuseUnsupported(trigger);
  const draft = new ConfigDraft(baseConfig);
  const args = new StageArgs({ escape, globals, overrides: buildArgs });
  const history: PlannedHistory[] = [];
  let author: string | undefined;
  // ENV wins over an ARG of the same name, whichever stands first.
  const variables: Variables = { get: (name) => draft.environment.get(name) ?? args.values.get(name) };
  for (const written of [...triggers, ...instructions]) {
    const instruction =
      written.kind === 'ARG'
        ? args.declare(written, variables)
        : resolved(expandInstruction(written, variables, { escape }), draft);
    const { shell } = draft;
    const step = fileStepOf(instruction, { draft, args: args.values, buildArgs, network }, options);
    draft.apply(instruction);
    if (instruction.kind === 'MAINTAINER') author = instruction.maintainer;
    if (instruction.kind === 'ONBUILD') continue;
    const told = step?.kind === 'run' ? runCreatedBy(step, args.declared) : createdBy(instruction, shell);
    const title = step?.kind === 'run' ? instruction.source : titleOf(instruction, told);
    history.push({ createdBy: told, title, location: instruction.location, step });
  }
  draft.addLabels(options.labels);
  return { config: draft.value, author, history, triggers };
}

/** As the history has it, and where files are copied from, which the history of BuildKit leaves out. */
const titleOf = (instruction: Instruction, told: string): string =>
  instruction.kind === 'COPY' && instruction.from !== ''
    ? `COPY --from=${instruction.from}${told.slice('COPY'.length)}`
    : told;

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

function fileStepOf(
  instruction: Instruction,
  context: RunContext,
  { sourceOf }: Pick<PlanStageOptions, 'sourceOf'>,
): FileStep | undefined {
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
    from: instruction.kind === 'COPY' ? sourceOf(instruction) : undefined,
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
