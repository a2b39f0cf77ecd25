import { stageError } from './dockerfile-error.ts';
import type { CopyInstruction, Stage } from './instructions/types.ts';
import { excerpt, quote } from './quote.ts';
import { expandWord, type Variables } from './shell-words.ts';
import { hintOfStages, nearStage } from './stage-hints.ts';
import type { EscapeCharacter, LineRange } from './syntax-tree.ts';

/** Source of files: nothing, a stage of this Dockerfile by index, or an image (or named context). */
export type StageSource =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly reference: string };

/** An instruction that reads from another stage or image. */
export interface StageDependency {
  /** Index of the instruction in its stage. */
  readonly instruction: number;
  /** Index of the mount when it is a RUN; undefined for COPY. */
  readonly mount: number | undefined;
  readonly source: StageSource;
  readonly location: LineRange;
  /** The `from` as written. */
  readonly from: string;
}

/** A stage with its name, base and sources resolved. */
export interface ResolvedStage {
  readonly index: number;
  /** Its name, or `stage-N` without one. */
  readonly name: string;
  readonly base: StageSource;
  /** Expanded `--platform` of FROM; undefined without it. */
  readonly platform: string | undefined;
  readonly dependencies: readonly StageDependency[];
  readonly stage: Stage;
  /** Variables in its FROM that have no value, for {@link hintOfUnset}. */
  readonly unset: ReadonlySet<string>;
}

/** The stages of a Dockerfile with the dependencies between them. */
export interface StageGraph {
  readonly stages: readonly ResolvedStage[];
  /** Returns the stage of that name (any case) or number, or the last one. @throws ERR_DOCKERFILE_STAGE */
  readonly target: (name?: string) => ResolvedStage;
  /**
   * Returns the stages that a build of `target` needs, in the order of the file.
   *
   * @throws ERR_DOCKERFILE_STAGE when one of them copies from a stage that comes later
   */
  readonly reachable: (target: ResolvedStage) => ResolvedStage[];
  /**
   * Returns the source of a COPY that runs in `stage`; undefined without `--from`. The COPY may be a trigger of an
   * image, which is not among the stage's own instructions.
   *
   * @throws ERR_DOCKERFILE_STAGE when that stage comes later
   */
  readonly sourceOf: (copy: CopyInstruction, stage: ResolvedStage) => StageSource | undefined;
}

export interface StageOptions {
  readonly escape: EscapeCharacter;
  /** Variables for FROM, from `expandMetaArgs`. */
  readonly args: Variables;
}

const nothing: ReadonlyMap<string, string> = new Map();
const toSource = (name: string, index: number | undefined): StageSource => {
  if (index !== undefined) return { kind: 'stage', index };
  return name === 'scratch' ? { kind: 'scratch' } : { kind: 'image', reference: name };
};

/** Returns a hint how variables of a FROM get a value; undefined when all have one. */
export function hintOfUnset(unset: ReadonlySet<string>): string | undefined {
  const [first] = unset;
  if (first === undefined) return undefined;
  const names = [...unset].map(excerpt).join(', ');
  return `No value for ${names}: put 'ARG ${excerpt(first)}=…' before the first FROM, or an ARG there and give the build an argument ${excerpt(first)}.`;
}

type BaseName = Pick<ResolvedStage, 'unset'> & { readonly baseName: string };

function baseNameOf(stage: Stage, options: StageOptions): BaseName {
  const { baseName, location } = stage.from;
  const { text, unmatched } = expandWord(baseName, options.args, { escape: options.escape, location });
  if (text !== '') return { baseName: text, unset: unmatched };
  throw stageError(
    `base name (${excerpt(baseName)}) should not be blank`,
    location,
    hintOfUnset(unmatched) ?? 'Name an image or a stage.',
  );
}

function platformOf(stage: Stage, options: StageOptions): string | undefined {
  const { platform, location } = stage.from;
  if (platform === '') return undefined;
  const { text, unmatched } = expandWord(platform, options.args, { escape: options.escape, location });
  if (text !== '') return text;
  throw stageError(
    `empty platform value from expression ${excerpt(platform)}`,
    location,
    hintOfUnset(unmatched) ?? 'Give a platform such as linux/amd64, or leave the flag out.',
  );
}

/** Everything needed to resolve names of stages. */
interface KnownStages {
  readonly stages: readonly Stage[];
  readonly names: ReadonlyMap<string, number>;
  readonly escape: EscapeCharacter;
}

/** Resolves `--from` of a COPY in the stage `current`: the index of a stage, its name, or an image. */
function resolveCopySource(
  { from, location: at }: CopyInstruction,
  { stages, names, escape }: KnownStages,
  current: number,
): StageSource {
  if (expandWord(from, nothing, { escape, location: at }).text !== from) {
    throw stageError(
      'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
      at,
    );
  }
  if (!/^[+-]?[0-9]+$/.test(from)) return toSource(from, names.get(from.toLowerCase()));
  const index = Number(from);
  if (index >= 0 && index < stages.length) return { kind: 'stage', index: index + 0 };
  const above = stages.slice(0, current).map((stage, number) => ({ index: number, stage }));
  throw stageError(`invalid stage index ${index}`, at, hintOfStages(above));
}

/** Resolves the `--from` of a COPY in the stage of that index; undefined without one. */
type ResolveCopy = (copy: CopyInstruction, current: number) => StageSource | undefined;

function dependenciesOf(
  stage: Stage,
  stageIndex: number,
  resolve: ResolveCopy,
  names: ReadonlyMap<string, number>,
): StageDependency[] {
  return stage.instructions.flatMap((instruction, index): StageDependency[] => {
    const { location } = instruction;
    if (instruction.kind === 'COPY') {
      const source = resolve(instruction, stageIndex);
      return source === undefined
        ? []
        : [{ instruction: index, mount: undefined, source, location, from: instruction.from }];
    }
    if (instruction.kind !== 'RUN') return [];
    return instruction.mounts.flatMap(({ from }, mount) =>
      from === ''
        ? []
        : [{ instruction: index, mount, source: toSource(from, names.get(from.toLowerCase())), location, from }],
    );
  });
}

const stagesOf = (stage: ResolvedStage): number[] =>
  stage.dependencies.flatMap(({ source }) => (source.kind === 'stage' ? [source.index] : []));

/** Refuses circles anywhere. Docker considers only COPY and RUN: a base is always an earlier stage. */
function refuseCircles(stages: readonly ResolvedStage[]): void {
  const state = new Map<number, 'open' | 'done'>();
  for (const root of stages) {
    const path: { stage: ResolvedStage; rest: number[] }[] = [];
    const enter = (index: number): void => {
      const stage = stages[index];
      if (stage === undefined || state.get(index) === 'done') return;
      if (state.get(index) === 'open') {
        throw stageError(
          `circular dependency detected on stage: ${stage.name}`,
          stage.stage.from.location,
          'A stage can take files from those above it only, and not from itself.',
        );
      }
      state.set(index, 'open');
      path.push({ stage, rest: stagesOf(stage) });
    };
    enter(root.index);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.rest.pop();
      if (next === undefined) {
        state.set(top.stage.index, 'done');
        path.pop();
      } else enter(next);
    }
  }
}

type Dependency = Omit<StageDependency, 'instruction'>;

function refuseLater(stage: ResolvedStage, dependencies: readonly Dependency[] = stage.dependencies): void {
  for (const { source, from, mount, location } of dependencies) {
    if (source.kind !== 'stage' || source.index < stage.index) continue;
    const problem =
      mount === undefined
        ? `cannot copy from stage ${quote(excerpt(from))}, it needs to be defined before current stage ${quote(stage.name)}`
        : `cannot mount from stage ${quote(excerpt(from))}, stage needs to be defined before current command`;
    throw stageError(problem, location, 'Put the stage that files are taken from above the one that takes them.');
  }
}

/**
 * Resolves names between stages. A FROM means the nearest stage of that name above it; COPY and mounts mean the last
 * one in the file, because docker resolves them once all stages are known.
 *
 * @throws ERR_DOCKERFILE_STAGE, ERR_DOCKERFILE_EXPANSION
 */
export function resolveStages(stages: readonly Stage[], options: StageOptions): StageGraph {
  const names = new Map<string, number>();
  const bases = stages.map((stage, index) => {
    const { baseName, unset } = baseNameOf(stage, options);
    const platform = platformOf(stage, options);
    const base = toSource(baseName, names.get(baseName));
    if (stage.from.stageName !== '') names.set(stage.from.stageName, index);
    return { base, platform, unset };
  });
  const known = { stages, names, escape: options.escape };
  const resolveCopy: ResolveCopy = (copy, current) =>
    copy.from === '' ? undefined : resolveCopySource(copy, known, current);
  const resolved = bases.map(({ base, platform, unset }, index): ResolvedStage => {
    const stage = stages[index] as Stage;
    const name = stage.from.stageName === '' ? `stage-${index}` : stage.from.stageName;
    const dependencies = dependenciesOf(stage, index, resolveCopy, names);
    return { index, name, base, platform, dependencies, stage, unset };
  });
  refuseCircles(resolved);
  return {
    stages: resolved,
    target: (name) => findTarget(resolved, names, name),
    reachable: (target) => findReachable(resolved, target),
    sourceOf: (copy, stage) => {
      const source = resolveCopy(copy, stage.index);
      if (source !== undefined) refuseLater(stage, [{ ...copy, source, mount: undefined }]);
      return source;
    },
  };
}

/** Returns the number that a name consists of; stage names cannot begin with a digit. */
const numberOf = (name: string): number | undefined => (/^[0-9]+$/.test(name) ? Number(name) : undefined);

function findTarget(
  stages: readonly ResolvedStage[],
  names: ReadonlyMap<string, number>,
  name: string | undefined,
): ResolvedStage {
  const index =
    name === undefined || name === '' ? stages.length - 1 : (names.get(name.toLowerCase()) ?? numberOf(name));
  const stage = stages[index ?? -1];
  if (stage !== undefined) return stage;
  const near = nearStage(name ?? '', stages);
  const meant = near === undefined ? '' : ` (did you mean ${excerpt(near)}?)`;
  const message = `target stage ${quote(excerpt(name ?? ''))} could not be found${meant}`;
  throw stageError(message, undefined, hintOfStages(stages));
}

function findReachable(stages: readonly ResolvedStage[], target: ResolvedStage): ResolvedStage[] {
  const found = new Set<ResolvedStage>([target]);
  // Iteration over a Set includes values added meanwhile.
  for (const stage of found) {
    refuseLater(stage);
    const needed = stage.base.kind === 'stage' ? [...stagesOf(stage), stage.base.index] : stagesOf(stage);
    for (const index of needed) found.add(stages[index] as ResolvedStage);
  }
  return [...found].sort((a, b) => a.index - b.index);
}
