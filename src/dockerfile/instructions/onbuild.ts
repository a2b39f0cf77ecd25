import { syntaxError } from '../dockerfile-error.ts';
import { parseDockerfileText } from '../parse-dockerfile.ts';
import type { LineRange, SyntaxNode } from '../syntax-tree.ts';
import { trimSpace, trimSpaceStart } from '../whitespace.ts';
import { readFlags } from './flags.ts';
import { instructionError, originOf, requireSome } from './origin.ts';
import type { OnbuildInstruction } from './types.ts';

const hint = 'Write one instruction other than ONBUILD, FROM and MAINTAINER.';

/** Hint for a wrong trigger of a base image, which the user of the image cannot write anew. */
export const triggerHint = 'Build FROM another image, or mend the ONBUILD of this one and build it again.';

export function readOnbuild(node: SyntaxNode): OnbuildInstruction {
  requireSome(node, 'ONBUILD');
  readFlags(node);
  const name = trimSpace(node.args[0] ?? '').toUpperCase();
  if (name === 'ONBUILD') throw instructionError(node, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", hint);
  if (name === 'MAINTAINER' || name === 'FROM')
    throw instructionError(node, `${name} isn't allowed as an ONBUILD trigger`, hint);
  const line = trimSpaceStart(trimSpaceStart(node.original).slice('ONBUILD'.length));
  const documents = node.heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`).join('');
  return { kind: 'ONBUILD', ...originOf(node), trigger: line + documents };
}

/**
 * Parses one trigger from an image's config as if it were written at `at`.
 *
 * @throws ERR_DOCKERFILE_SYNTAX, also for more than one instruction
 */
export function parseTriggerNode(trigger: string, at: LineRange): SyntaxNode {
  const [node, ...more] = parseDockerfileText(trigger, at.start).nodes;
  if (node === undefined || more.length > 0) {
    throw syntaxError('onbuild trigger should be a single expression', at, triggerHint);
  }
  return { ...node, location: at };
}
