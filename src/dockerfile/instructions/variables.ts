import type { SyntaxNode } from '../syntax-tree.ts';
import { readFlags } from './flags.ts';
import { descriptionOf, originOf, refuse, requireSome } from './request.ts';
import type { ArgDefinition, ArgInstruction, EnvInstruction, KeyValue, LabelInstruction } from './types.ts';

/** The parser's triples of name, value and separator. */
function keyValues(node: SyntaxNode, name: 'ENV' | 'LABEL'): KeyValue[] {
  requireSome(node, name);
  if (node.args.length % 3 !== 0) throw refuse(node, `Bad input to ${name}, too many arguments`);
  const found: KeyValue[] = [];
  for (let index = 0; index < node.args.length; index += 3) {
    const [key = '', value = '', separator = ''] = node.args.slice(index, index + 3);
    if (key === '') throw refuse(node, `${name} names can not be blank`);
    found.push({ key, value, legacy: separator === '' });
  }
  return found;
}

export function readEnv(node: SyntaxNode): EnvInstruction {
  readFlags(node);
  return { kind: 'ENV', ...originOf(node), variables: keyValues(node, 'ENV') };
}

export function readLabel(node: SyntaxNode): LabelInstruction {
  readFlags(node);
  return { kind: 'LABEL', ...originOf(node), labels: keyValues(node, 'LABEL') };
}

function definition(node: SyntaxNode, text: string): ArgDefinition {
  const equals = text.indexOf('=');
  if (equals === 0) throw refuse(node, 'ARG names can not be blank');
  const key = equals < 0 ? text : text.slice(0, equals);
  const value = equals < 0 ? undefined : text.slice(equals + 1);
  return { key, value, description: descriptionOf(key, node.comments) };
}

/** Docker reads ARG's flags and looks at none of them. */
export function readArg(node: SyntaxNode): ArgInstruction {
  requireSome(node, 'ARG');
  return { kind: 'ARG', ...originOf(node), definitions: node.args.map((text) => definition(node, text)) };
}
