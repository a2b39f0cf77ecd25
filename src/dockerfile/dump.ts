import { quote } from './quote.ts';
import type { SyntaxNode, SyntaxTree } from './syntax-tree.ts';

function dumpNode(node: SyntaxNode): string {
  const flags = node.flags.length === 0 ? [] : [`[${node.flags.map(quote).join(' ')}]`];
  const args = node.trigger === undefined ? node.args.map(quote) : [`(${dumpNode(node.trigger)})`];
  return [node.name.toLowerCase(), ...flags, ...args].join(' ').trimStart();
}

/** Returns the tree as S-expressions, one line per instruction, in the form of BuildKit's own dumps. */
export const dumpTree = (tree: SyntaxTree): string => tree.nodes.map((node) => `(${dumpNode(node)})\n`).join('');
