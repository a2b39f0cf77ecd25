import type { SyntaxNode } from '../syntax-tree.ts';
import { readFlags } from './flags.ts';
import { descriptionOf, instructionError, originOf, requireSome } from './origin.ts';
import type { ArgDefinition, ArgInstruction, EnvInstruction, KeyValue, LabelInstruction } from './types.ts';

/** Reads the parser's triples of name, value and separator. */
function readKeyValues(node: SyntaxNode, name: 'ENV' | 'LABEL'): KeyValue[] {
  requireSome(node, name);
  if (node.args.length % 3 !== 0)
    throw instructionError(node, `Bad input to ${name}, too many arguments`, 'Write NAME=VALUE.');
  const found: KeyValue[] = [];
  for (let index = 0; index < node.args.length; index += 3) {
    const [key = '', value = '', separator = ''] = node.args.slice(index, index + 3);
    if (key === '') throw instructionError(node, `${name} names can not be blank`, 'Write NAME=VALUE.');
    found.push({ key, value, legacy: separator === '' });
  }
  return found;
}

export function readEnv(node: SyntaxNode): EnvInstruction {
  readFlags(node);
  return { kind: 'ENV', ...originOf(node), variables: readKeyValues(node, 'ENV') };
}

export function readLabel(node: SyntaxNode): LabelInstruction {
  readFlags(node);
  return { kind: 'LABEL', ...originOf(node), labels: readKeyValues(node, 'LABEL') };
}

function readDefinition(node: SyntaxNode, text: string): ArgDefinition {
  const equals = text.indexOf('=');
  if (equals === 0) throw instructionError(node, 'ARG names can not be blank', 'Write NAME, or NAME=DEFAULT.');
  const key = equals < 0 ? text : text.slice(0, equals);
  const value = equals < 0 ? undefined : text.slice(equals + 1);
  return { key, value, description: descriptionOf(key, node.comments) };
}

/** Docker ignores the flags of ARG. */
export function readArg(node: SyntaxNode): ArgInstruction {
  requireSome(node, 'ARG');
  return { kind: 'ARG', ...originOf(node), definitions: node.args.map((text) => readDefinition(node, text)) };
}
