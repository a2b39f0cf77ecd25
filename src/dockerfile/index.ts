/**
 * The Dockerfile language: a parser, typed instructions, variables and the graph of stages, all as in BuildKit. Builds nothing.
 *
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { parseDockerfile, parseInstructions, resolveStages } from 'strata-oci/dockerfile';
 *
 * const tree = parseDockerfile(readFileSync('Dockerfile'));
 * const { stages } = parseInstructions(tree);
 * const graph = resolveStages(stages, { escape: tree.escape, args: new Map() });
 * for (const { name, stage } of graph.reachable(graph.target())) console.log(name, stage.instructions.length);
 * ```
 */

export { type ChmodChange, parseChmod } from './chmod.ts';
export { dumpTree } from './dump.ts';
export { type ArgOptions, expandMetaArgs, expandStageArgs, type StageArg } from './expand-args.ts';
export { type ExpandOptions, expandInstruction, expandMounts } from './expand-instruction.ts';
export { compileWildcard, hasWildcards } from './file-pattern.ts';
export { chompTabs } from './heredoc.ts';
export { readIgnoreFile } from './ignore-file.ts';
export type { Device } from './instructions/device.ts';
export type { MountFlag, MountSharing, MountType, RunMount } from './instructions/mount.ts';
export type { Origin } from './instructions/origin.ts';
export { type DockerfileInstructions, parseInstructions, parseTrigger } from './instructions/parse-instructions.ts';
export { type RunCommand, runCommand } from './instructions/run.ts';
export type * from './instructions/types.ts';
export { parseDockerfile } from './parse-dockerfile.ts';
export { type FolderMatch, PatternMatcher } from './pattern-matcher.ts';
export { parsePorts } from './ports.ts';
export { type ExpandedWord, expandWord, expandWords, type Variables, type WordOptions } from './shell-words.ts';
export {
  type ResolvedStage,
  resolveStages,
  type StageDependency,
  type StageGraph,
  type StageOptions,
  type StageSource,
} from './stages.ts';
export type {
  Directive,
  EscapeCharacter,
  Heredoc,
  LineRange,
  ParseWarning,
  SyntaxNode,
  SyntaxTree,
} from './syntax-tree.ts';
