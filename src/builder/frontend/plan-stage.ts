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
import { formatCreatedBy } from './created-by.ts';
import { type BuildNetwork, formatRunCreatedBy, type RunContext, runStepOf } from './run-step.ts';
import { isSignalName } from './signal-name.ts';
import { StageArgs } from './stage-args.ts';
import { refuseRemote, refuseUnsupported } from './unsupported.ts';

/** The source of a `COPY --from`. */
export interface CopyFrom {
  readonly source: StageSource;
  /** For messages: `stage build`, `image busybox`. */
  readonly name: string;
  /** Hint about stages for an image that is not found. */
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
      /** True when its layer does not depend on those below. */
      readonly isLinked: boolean;
    }
  | { readonly kind: 'workdir'; readonly path: string; readonly user: string };

/** One entry of the image's history; `step` is undefined for an instruction without a layer. */
export interface PlannedHistory {
  readonly createdBy: string;
  /** Text in progress. */
  readonly title: string;
  /** Lines of the instruction in the Dockerfile; for a trigger of the base, those of the FROM. */
  readonly location: LineRange;
  readonly step: FileStep | undefined;
}

/** A stage with every variable resolved: its steps, and the config and history of the image. */
export interface StagePlan {
  readonly config: RunConfig;
  readonly author: string | undefined;
  readonly history: readonly PlannedHistory[];
  /** ONBUILD triggers of the base, which come first. */
  readonly triggers: readonly Instruction[];
}

export interface PlanStageOptions {
  /** Config of the stage or image that it builds on. */
  readonly baseConfig: RunConfig;
  /** Values of the ARGs before the first FROM, and predefined ones. */
  readonly globals: ReadonlyMap<string, string>;
  /** `--build-arg`. */
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  readonly network: BuildNetwork;
  readonly escape: EscapeCharacter;
  /** Returns the source of a COPY; undefined for the build context. Throws ERR_DOCKERFILE_STAGE. */
  readonly sourceOf: (copy: CopyInstruction) => CopyFrom | undefined;
}

/**
 * Resolves all instructions of a stage, after the triggers of its base. Throws ERR_NOT_SUPPORTED_YET,
 * ERR_NETWORK_REFUSED and the errors of the Dockerfile language.
 */
export function planStage({ from, instructions }: Stage, options: PlanStageOptions): StagePlan {
  const { baseConfig, globals, escape, buildArgs, network } = options;
  const triggers = (baseConfig.OnBuild ?? []).map((trigger) => parseTrigger(trigger, from.location));
  for (const trigger of triggers) refuseUnsupported(trigger);
  const draft = new ConfigDraft(baseConfig);
  const args = new StageArgs({ escape, globals, overrides: buildArgs });
  const history: PlannedHistory[] = [];
  let author: string | undefined;
  // ENV wins over an ARG of the same name, in either order.
  const variables: Variables = { get: (name) => draft.environment.get(name) ?? args.values.get(name) };
  for (const written of [...triggers, ...instructions]) {
    const instruction =
      written.kind === 'ARG'
        ? args.declare(written, variables)
        : resolveValues(expandInstruction(written, variables, { escape }), draft);
    const { shell } = draft;
    const step = fileStepOf(instruction, { draft, args: args.values, buildArgs, network }, options);
    draft.apply(instruction);
    if (instruction.kind === 'MAINTAINER') author = instruction.maintainer;
    if (instruction.kind === 'ONBUILD') continue;
    const text = step?.kind === 'run' ? formatRunCreatedBy(step, args.declared) : formatCreatedBy(instruction, shell);
    const title = step?.kind === 'run' ? instruction.source : titleOf(instruction, text);
    history.push({ createdBy: text, title, location: instruction.location, step });
  }
  draft.addLabels(options.labels);
  return { config: draft.value, author, history, triggers };
}

/** Returns the text of the history with the `--from` that BuildKit leaves out there. */
const titleOf = (instruction: Instruction, text: string): string =>
  instruction.kind === 'COPY' && instruction.from !== ''
    ? `COPY --from=${instruction.from}${text.slice('COPY'.length)}`
    : text;

/** Resolves and checks values that need expanded variables. Throws ERR_DOCKERFILE_VALUE. */
function resolveValues(instruction: Instruction, draft: ConfigDraft): Instruction {
  const { location } = instruction;
  if (instruction.kind === 'WORKDIR') return { ...instruction, path: resolvePath(draft, instruction.path) };
  if (instruction.kind === 'EXPOSE') return { ...instruction, ports: parsePorts(instruction.ports, location) };
  if (instruction.kind === 'VOLUME' && instruction.volumes.includes('')) {
    throw valueError(
      'VOLUME specified can not be an empty string',
      location,
      'Give every volume a path: a variable in it may have no value.',
    );
  }
  if (instruction.kind === 'STOPSIGNAL' && !isSignalName(instruction.signal)) {
    throw valueError(
      `invalid signal: ${excerpt(instruction.signal)}`,
      location,
      'Give the name or the number of a signal, such as SIGTERM or 15.',
    );
  }
  return instruction;
}

const resolvePath = (draft: ConfigDraft, path: string): string =>
  cleanPath(path.startsWith('/') ? path : `${draft.workingDir}/${path}`);

function fileStepOf(
  instruction: Instruction,
  context: RunContext,
  { sourceOf }: Pick<PlanStageOptions, 'sourceOf'>,
): FileStep | undefined {
  const { draft } = context;
  if (instruction.kind === 'RUN') return { kind: 'run', ...runStepOf(instruction, context) };
  if (instruction.kind === 'WORKDIR') {
    // The root always exists: BuildKit makes no layer for it.
    return instruction.path === '/' ? undefined : { kind: 'workdir', path: instruction.path, user: draft.user };
  }
  if (instruction.kind !== 'COPY' && instruction.kind !== 'ADD') return undefined;
  if (instruction.kind === 'ADD') refuseRemote(instruction);
  const { destination: written } = instruction;
  const cleaned = resolvePath(draft, written);
  // `dir/`, `.` and `..` mean a directory, even a missing one.
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

/** True for `--link`; as in BuildKit, it has no effect beside `--chmod`. Throws ERR_DOCKERFILE_VALUE. */
function isLinked({ kind, link, chmod, chown, location }: CopyInstruction | AddInstruction): boolean {
  if (!link || chmod !== '') return false;
  if (needsNoNames.test(chown)) return true;
  throw valueError(
    `${kind} --link --chown=${excerpt(chown)}: names cannot be looked up in the layers below`,
    location,
    'Name the owner by numbers, or leave out the link flag.',
  );
}
