import { StrataError } from '../../errors/index.ts';
import { syntaxError } from '../dockerfile-error.ts';
import { excerpt } from '../quote.ts';
import type { LineRange, SyntaxNode, SyntaxTree } from '../syntax-tree.ts';
import { readAdd, readCopy } from './copy.ts';
import { didYouMean } from './did-you-mean.ts';
import { readFrom } from './from.ts';
import { readHealthcheck } from './healthcheck.ts';
import { parseTriggerNode, readOnbuild, triggerHint } from './onbuild.ts';
import { instructionError } from './origin.ts';
import { readCmd, readEntrypoint, readRun } from './run.ts';
import {
  readExpose,
  readMaintainer,
  readShell,
  readStopsignal,
  readUser,
  readVolume,
  readWorkdir,
} from './settings.ts';
import type { ArgInstruction, FromInstruction, Instruction, Stage } from './types.ts';
import { readArg, readEnv, readLabel } from './variables.ts';

const readers: ReadonlyMap<string, (node: SyntaxNode) => Instruction | FromInstruction> = new Map<
  string,
  (node: SyntaxNode) => Instruction | FromInstruction
>([
  ['add', readAdd],
  ['arg', readArg],
  ['cmd', readCmd],
  ['copy', readCopy],
  ['entrypoint', readEntrypoint],
  ['env', readEnv],
  ['expose', readExpose],
  ['from', readFrom],
  ['healthcheck', readHealthcheck],
  ['label', readLabel],
  ['maintainer', readMaintainer],
  ['onbuild', readOnbuild],
  ['run', readRun],
  ['shell', readShell],
  ['stopsignal', readStopsignal],
  ['user', readUser],
  ['volume', readVolume],
  ['workdir', readWorkdir],
]);

const names: readonly string[] = [...readers.keys()].map((name) => name.toUpperCase());

/** The instructions of a Dockerfile, before variables are expanded. */
export interface DockerfileInstructions {
  /** ARG instructions before the first FROM, which FROM may use. */
  readonly metaArgs: readonly ArgInstruction[];
  /** At least one, in the order of the file. */
  readonly stages: readonly Stage[];
}

/**
 * Checks one node and returns it as a typed instruction. @throws ERR_DOCKERFILE_SYNTAX,
 * ERR_DOCKERFILE_UNKNOWN_INSTRUCTION
 */
export function parseInstruction(node: SyntaxNode): Instruction | FromInstruction {
  const read = readers.get(node.name.toLowerCase());
  if (read !== undefined) return read(node);
  throw new StrataError({
    code: 'ERR_DOCKERFILE_UNKNOWN_INSTRUCTION',
    message:
      `dockerfile parse error on line ${node.location.start}: unknown instruction: ` +
      `${excerpt(node.name)}${didYouMean(node.name, names, 'any-case')}`,
    hint: `Instructions are ${names.join(', ')}.`,
    details: { line: node.location.start, endLine: node.location.end },
  });
}

/**
 * Checks every instruction and groups them into stages.
 *
 * @throws ERR_DOCKERFILE_SYNTAX, ERR_DOCKERFILE_UNKNOWN_INSTRUCTION, each with `details.line`
 */
export function parseInstructions(tree: SyntaxTree): DockerfileInstructions {
  const metaArgs: ArgInstruction[] = [];
  const stages: { from: FromInstruction; instructions: Instruction[] }[] = [];
  for (const node of tree.nodes) {
    const instruction = parseInstruction(node);
    const stage = stages.at(-1);
    if (instruction.kind === 'FROM') stages.push({ from: instruction, instructions: [] });
    else if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.kind === 'ARG') metaArgs.push(instruction);
    else throw instructionError(node, 'no build stage in current context', 'Start with a FROM instruction.');
  }
  if (stages.length === 0) {
    throw syntaxError('dockerfile contains no stages to build', tree.location, 'Add a FROM instruction.');
  }
  return { metaArgs, stages };
}

/**
 * Reads one ONBUILD trigger of a base image as if it were written at `at`.
 *
 * @throws ERR_DOCKERFILE_SYNTAX, ERR_DOCKERFILE_UNKNOWN_INSTRUCTION
 */
export function parseTrigger(trigger: string, at: LineRange): Instruction {
  const node = parseTriggerNode(trigger, at);
  const instruction = parseInstruction(node);
  if (instruction.kind === 'FROM')
    throw instructionError(node, "FROM isn't allowed as an ONBUILD trigger", triggerHint);
  return instruction;
}
