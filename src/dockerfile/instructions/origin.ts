import type { StrataError } from '../../errors/index.ts';
import { syntaxError } from '../dockerfile-error.ts';
import type { LineRange, SyntaxNode } from '../syntax-tree.ts';
import { trimSpace } from '../whitespace.ts';

/** Position of an instruction or stage in the Dockerfile. */
export interface Origin {
  /** The line as written, continuations joined, without blanks around it. */
  readonly source: string;
  /** The instruction's name as written: `run`, `RUN`, `Run`. */
  readonly written: string;
  readonly location: LineRange;
  /** Comment lines directly above. */
  readonly comments: readonly string[];
}

/** Error at the node's lines, in docker's words. */
export const instructionError = (node: SyntaxNode, text: string, hint?: string): StrataError =>
  syntaxError(text, node.location, hint);

export const originOf = (node: SyntaxNode): Origin => ({
  source: trimSpace(node.original),
  written: node.name,
  location: node.location,
  comments: node.comments,
});

/** Throws docker's complaint about missing arguments. @throws ERR_DOCKERFILE_SYNTAX */
export function requireSome(node: SyntaxNode, name: string): void {
  if (node.args.length === 0) throw instructionError(node, `${name} requires at least one argument`);
}

export function requireOne(node: SyntaxNode, name: string): string {
  const [only, ...more] = node.args;
  if (only === undefined || more.length > 0) throw instructionError(node, `${name} requires exactly one argument`);
  return only;
}

/** Returns `text` of a comment `# name text`; empty without one. */
export function descriptionOf(name: string, comments: readonly string[]): string {
  const found = name === '' ? undefined : comments.find((comment) => comment.startsWith(`${name} `));
  return found === undefined ? '' : found.slice(name.length + 1);
}
