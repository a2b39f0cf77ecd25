import { quote } from './quote.ts';
import type { Value } from './values.ts';

export interface Located {
  /** Offset into the template's text in UTF-16 units. */
  readonly at: number;
}

export type Operand =
  | (Located & { readonly kind: 'identifier'; readonly name: string })
  /** Path of `$x.A.B`, the variable's name first. */
  | (Located & { readonly kind: 'variable'; readonly path: readonly string[] })
  | (Located & { readonly kind: 'field'; readonly path: readonly string[] })
  | (Located & { readonly kind: 'chain'; readonly operand: Operand; readonly path: readonly string[] })
  | (Located & { readonly kind: 'dot' })
  | (Located & { readonly kind: 'nil' })
  | (Located & { readonly kind: 'bool'; readonly value: boolean })
  | (Located & { readonly kind: 'number'; readonly text: string; readonly value: Value; readonly isInteger: boolean })
  | (Located & { readonly kind: 'string'; readonly quoted: string; readonly value: string })
  | Pipe;

export interface Command extends Located {
  readonly kind: 'command';
  readonly args: readonly [Operand, ...Operand[]];
}

export interface Pipe extends Located {
  readonly kind: 'pipe';
  readonly declares: readonly string[];
  /** True for `=`, false for `:=`. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export interface List extends Located {
  readonly kind: 'list';
  readonly nodes: readonly Node[];
}

export interface Branch extends Located {
  readonly kind: 'if' | 'range' | 'with';
  readonly pipe: Pipe;
  readonly list: List;
  readonly otherwise: List | undefined;
}

export type Node =
  | (Located & { readonly kind: 'text'; readonly text: string })
  | (Located & { readonly kind: 'action'; readonly pipe: Pipe })
  | (Located & { readonly kind: 'break' | 'continue' })
  | (Located & { readonly kind: 'template'; readonly name: string; readonly pipe: Pipe | undefined })
  | Branch;

export type AnyNode = Node | Operand | Command | List;

const formatPath = (path: readonly string[]): string => path.map((name) => `.${name}`).join('');

function formatPipe(pipe: Pipe): string {
  const declared = pipe.declares.length === 0 ? '' : `${pipe.declares.join(', ')} ${pipe.assigns ? '=' : ':='} `;
  return declared + pipe.commands.map(formatNode).join(' | ');
}

function formatBranch({ kind, pipe, list, otherwise }: Branch): string {
  const rest = otherwise === undefined ? '' : `{{else}}${formatNode(otherwise)}`;
  return `{{${kind} ${formatPipe(pipe)}}}${formatNode(list)}${rest}{{end}}`;
}

/** Formats a node as template text, for quotes in messages. */
export function formatNode(node: AnyNode): string {
  switch (node.kind) {
    case 'identifier':
      return node.name;
    case 'variable':
      return node.path.join('.');
    case 'field':
      return formatPath(node.path);
    case 'chain':
      return (
        (node.operand.kind === 'pipe' ? `(${formatPipe(node.operand)})` : formatNode(node.operand)) +
        formatPath(node.path)
      );
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'bool':
      return String(node.value);
    case 'number':
    case 'text':
      return node.text;
    case 'string':
      return node.quoted;
    case 'pipe':
      return formatPipe(node);
    case 'command':
      return node.args.map((arg) => (arg.kind === 'pipe' ? `(${formatPipe(arg)})` : formatNode(arg))).join(' ');
    case 'list':
      return node.nodes.map(formatNode).join('');
    case 'action':
      return `{{${formatPipe(node.pipe)}}}`;
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`;
    case 'template':
      return `{{template ${quote(node.name)}${node.pipe === undefined ? '' : ` ${formatPipe(node.pipe)}`}}}`;
    case 'if':
    case 'range':
    case 'with':
      return formatBranch(node);
  }
}
