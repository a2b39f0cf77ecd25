export { type ArgOptions, expandMetaArgs, expandStageArgs, type StageArg } from './build-args.ts';
export { type ChmodChange, parseChmod } from './chmod.ts';
export { dumpTree } from './dump.ts';
export { type ExpandOptions, expandInstruction, expandMounts } from './expand-instruction.ts';
export { compileWildcard, hasWildcards } from './file-pattern.ts';
export { chompTabs } from './heredoc.ts';
export { readIgnoreFile } from './ignore-file.ts';
export type { Device } from './instructions/device.ts';
export type { Mount, MountFlag, MountSharing, MountType } from './instructions/mount.ts';
export { type DockerfileInstructions, parseInstructions, parseTrigger } from './instructions/parse-instructions.ts';
export type { Origin } from './instructions/request.ts';
export { type RunCommand, runCommand } from './instructions/run.ts';
export type * from './instructions/types.ts';
export { parseDockerfile } from './parser.ts';
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
