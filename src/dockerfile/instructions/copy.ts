import { chompTabs, heredocStartOrNone } from '../heredoc.ts';
import type { SyntaxNode } from '../syntax-tree.ts';
import { readFlags } from './flags.ts';
import { instructionError, originOf } from './origin.ts';
import type { AddInstruction, CopyInstruction, InlineFile } from './types.ts';

interface SourcesAndDestination {
  readonly sources: readonly string[];
  readonly inlineFiles: readonly InlineFile[];
  readonly destination: string;
}

function requireTwo(node: SyntaxNode, name: 'ADD' | 'COPY'): void {
  if (node.args.length >= 2) return;
  throw instructionError(
    node,
    `${name} requires at least two arguments, but only one was provided. Destination could not be determined`,
    'Name at least one source, and then the destination.',
  );
}

function sourcesAndDestination(node: SyntaxNode, name: 'ADD' | 'COPY'): SourcesAndDestination {
  const destination = node.args.at(-1) ?? '';
  if (heredocStartOrNone(destination) !== undefined) {
    throw instructionError(
      node,
      `${name} cannot accept a heredoc as a destination`,
      'End the instruction with the path of the destination.',
    );
  }
  const contents = new Map(node.heredocs.map((heredoc) => [heredoc.name, heredoc.content]));
  const sources: string[] = [];
  const inlineFiles: InlineFile[] = [];
  for (const source of node.args.slice(0, -1)) {
    const start = heredocStartOrNone(source);
    if (start === undefined) {
      sources.push(source);
      continue;
    }
    const content = contents.get(start.name) ?? '';
    inlineFiles.push({
      name: start.name,
      content: start.chomp ? chompTabs(content) : content,
      expand: start.expand,
    });
  }
  return { sources, inlineFiles, destination };
}

export function readAdd(node: SyntaxNode): AddInstruction {
  requireTwo(node, 'ADD');
  const flags = readFlags(node, {
    chown: 'string',
    chmod: 'string',
    link: 'boolean',
    'keep-git-dir': 'boolean',
    checksum: 'string',
    unpack: 'boolean',
    exclude: 'strings',
  });
  return {
    kind: 'ADD',
    ...originOf(node),
    ...sourcesAndDestination(node, 'ADD'),
    chown: flags.string('chown'),
    chmod: flags.string('chmod'),
    link: flags.boolean('link') ?? false,
    keepGitDir: flags.boolean('keep-git-dir'),
    checksum: flags.string('checksum'),
    unpack: flags.boolean('unpack'),
    exclude: flags.strings('exclude'),
  };
}

export function readCopy(node: SyntaxNode): CopyInstruction {
  requireTwo(node, 'COPY');
  const flags = readFlags(node, {
    chown: 'string',
    from: 'string',
    chmod: 'string',
    link: 'boolean',
    exclude: 'strings',
    parents: 'boolean',
  });
  return {
    kind: 'COPY',
    ...originOf(node),
    ...sourcesAndDestination(node, 'COPY'),
    from: flags.string('from'),
    chown: flags.string('chown'),
    chmod: flags.string('chmod'),
    link: flags.boolean('link') ?? false,
    exclude: flags.strings('exclude'),
    parents: flags.boolean('parents') ?? false,
  };
}
