import { excerpt, quote } from '../quote.ts';
import type { SyntaxNode } from '../syntax-tree.ts';
import { readFlags } from './flags.ts';
import { descriptionOf, instructionError, originOf } from './origin.ts';
import type { FromInstruction } from './types.ts';

const validName = /^[a-z][a-z0-9-_.]*$/;

function readStageName(node: SyntaxNode): string {
  const [, as, written] = node.args;
  if (node.args.length === 1) return '';
  if (node.args.length !== 3 || as?.toLowerCase() !== 'as' || written === undefined) {
    throw instructionError(
      node,
      'FROM requires either one or three arguments',
      'Write FROM IMAGE, or FROM IMAGE AS NAME.',
    );
  }
  const name = written.toLowerCase();
  if (validName.test(name)) return name;
  throw instructionError(
    node,
    `invalid name for build stage: ${quote(excerpt(written))}, name can't start with a number or contain symbols`,
    'Begin the name with a letter, and use letters, digits, -, _ and . only.',
  );
}

export function readFrom(node: SyntaxNode): FromInstruction {
  const name = readStageName(node);
  const flags = readFlags(node, { platform: 'string' });
  return {
    kind: 'FROM',
    ...originOf(node),
    baseName: node.args[0] ?? '',
    stageName: name,
    platform: flags.string('platform'),
    description: descriptionOf(name, node.comments),
  };
}
