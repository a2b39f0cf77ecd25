import { syntaxError } from '../dockerfile-error.ts';
import { parseDockerfileText } from '../parser.ts';
import type { LineRange, SyntaxNode } from '../syntax-tree.ts';
import { trimSpace, trimSpaceStart } from '../whitespace.ts';
import { readFlags } from './flags.ts';
import { originOf, refuse, requireSome } from './request.ts';
import type { OnbuildInstruction } from './types.ts';

export function readOnbuild(node: SyntaxNode): OnbuildInstruction {
  requireSome(node, 'ONBUILD');
  readFlags(node);
  const name = trimSpace(node.args[0] ?? '').toUpperCase();
  if (name === 'ONBUILD') throw refuse(node, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (name === 'MAINTAINER' || name === 'FROM') throw refuse(node, `${name} isn't allowed as an ONBUILD trigger`);
  const line = trimSpaceStart(trimSpaceStart(node.original).slice('ONBUILD'.length));
  const documents = node.heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`).join('');
  return { kind: 'ONBUILD', ...originOf(node), trigger: line + documents };
}

/**
 * The syntax of one trigger as an image's config holds it, as if it stood at `at`.
 *
 * @throws ERR_DOCKERFILE_SYNTAX, also when it is more than one instruction
 */
export function parseTriggerNode(trigger: string, at: LineRange): SyntaxNode {
  const [node, ...more] = parseDockerfileText(trigger, at.start).nodes;
  if (node === undefined || more.length > 0) {
    throw syntaxError('onbuild trigger should be a single expression', at);
  }
  return { ...node, location: at };
}
