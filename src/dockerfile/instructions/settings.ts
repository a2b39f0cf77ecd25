import type { SyntaxNode } from '../syntax-tree.ts';
import { trimSpace } from '../whitespace.ts';
import { readFlags } from './flags.ts';
import { instructionError, originOf, requireOne, requireSome } from './origin.ts';
import { shellOrExec } from './run.ts';
import type {
  ExposeInstruction,
  MaintainerInstruction,
  ShellInstruction,
  StopsignalInstruction,
  UserInstruction,
  VolumeInstruction,
  WorkdirInstruction,
} from './types.ts';

export function readMaintainer(node: SyntaxNode): MaintainerInstruction {
  const maintainer = requireOne(node, 'MAINTAINER');
  readFlags(node);
  return { kind: 'MAINTAINER', ...originOf(node), maintainer };
}

export function readWorkdir(node: SyntaxNode): WorkdirInstruction {
  const path = requireOne(node, 'WORKDIR');
  readFlags(node);
  return { kind: 'WORKDIR', ...originOf(node), path };
}

export function readUser(node: SyntaxNode): UserInstruction {
  const user = requireOne(node, 'USER');
  readFlags(node);
  return { kind: 'USER', ...originOf(node), user };
}

/** Docker ignores the flags of STOPSIGNAL. */
export function readStopsignal(node: SyntaxNode): StopsignalInstruction {
  return { kind: 'STOPSIGNAL', ...originOf(node), signal: requireOne(node, 'STOPSIGNAL') };
}

export function readExpose(node: SyntaxNode): ExposeInstruction {
  requireSome(node, 'EXPOSE');
  readFlags(node);
  return { kind: 'EXPOSE', ...originOf(node), ports: node.args.toSorted() };
}

export function readVolume(node: SyntaxNode): VolumeInstruction {
  requireSome(node, 'VOLUME');
  readFlags(node);
  const volumes = node.args.map(trimSpace);
  if (volumes.includes(''))
    throw instructionError(node, 'VOLUME specified can not be an empty string', 'Give every volume a path.');
  return { kind: 'VOLUME', ...originOf(node), volumes };
}

export function readShell(node: SyntaxNode): ShellInstruction {
  readFlags(node);
  const { args, shellForm } = shellOrExec(node.args, node.json);
  if (args.length === 0)
    throw instructionError(
      node,
      'SHELL requires at least one argument',
      'Write it as SHELL ["executable", "parameters"].',
    );
  if (shellForm) {
    const hint = 'Write it as SHELL ["executable", "parameters"]; a backslash inside is written twice.';
    throw instructionError(node, 'SHELL requires the arguments to be in JSON form', hint);
  }
  return { kind: 'SHELL', ...originOf(node), shell: args };
}
