import { chompTabs, heredocStartOrNone } from '../heredoc.ts';
import { excerpt, quote } from '../quote.ts';
import type { SyntaxNode } from '../syntax-tree.ts';
import { readDevice } from './device.ts';
import { type Flags, readFlags } from './flags.ts';
import { readMountFlag } from './mount.ts';
import { instructionError, originOf } from './origin.ts';
import type {
  CmdInstruction,
  EntrypointInstruction,
  RunInstruction,
  RunNetwork,
  RunSecurity,
  ShellHeredoc,
  ShellOrExec,
} from './types.ts';

const networks: readonly RunNetwork[] = ['default', 'none', 'host'];
const securities: readonly RunSecurity[] = ['insecure', 'sandbox'];

/** Returns the words of a JSON array unchanged, anything else as one line for a shell. */
export function shellOrExec(args: readonly string[], json: boolean): ShellOrExec {
  return { args: json || args.length === 0 ? args : [args.join(' ')], shellForm: !json };
}

function networkOf(node: SyntaxNode, flags: Flags): RunNetwork {
  if (!flags.used.includes('network')) return 'default';
  const mode = flags.string('network');
  const known = networks.find((name) => name === mode);
  if (known === undefined)
    throw instructionError(node, `invalid network mode ${quote(excerpt(mode))}`, `Give one of ${networks.join(', ')}.`);
  return known;
}

function securityOf(node: SyntaxNode, flags: Flags): RunSecurity {
  if (!flags.used.includes('security')) return 'sandbox';
  const mode = flags.string('security');
  const known = securities.find((name) => name === mode);
  if (known === undefined)
    throw instructionError(
      node,
      `security ${quote(excerpt(mode))} is not valid`,
      `Give one of ${securities.join(', ')}.`,
    );
  return known;
}

export function readRun(node: SyntaxNode): RunInstruction {
  const flags = readFlags(node, { mount: 'strings', network: 'string', security: 'string', device: 'strings' });
  return {
    kind: 'RUN',
    ...originOf(node),
    ...shellOrExec(node.args, node.json),
    heredocs: node.heredocs.map(({ name, content, chomp }) => ({ name, content, chomp })),
    devices: flags.strings('device').map((text) => readDevice(node, text)),
    mounts: flags.strings('mount').map((text) => readMountFlag(node, text)),
    network: networkOf(node, flags),
    security: securityOf(node, flags),
    flagsUsed: flags.used,
  };
}

export function readCmd(node: SyntaxNode): CmdInstruction {
  readFlags(node);
  return { kind: 'CMD', ...originOf(node), ...shellOrExec(node.args, node.json) };
}

export function readEntrypoint(node: SyntaxNode): EntrypointInstruction {
  readFlags(node);
  return { kind: 'ENTRYPOINT', ...originOf(node), ...shellOrExec(node.args, node.json) };
}

const documents = (heredocs: readonly ShellHeredoc[]): string =>
  heredocs.map(({ name, content }) => `\n${content}${name}`).join('');

/** Command of a RUN: a line for the shell, the words of a command, or a script with its own interpreter. */
export type RunCommand =
  | { readonly form: 'shell'; readonly line: string }
  | { readonly form: 'exec'; readonly args: readonly string[] }
  | { readonly form: 'script'; readonly name: string; readonly content: string };

/**
 * Resolves a RUN's heredocs. `RUN <<EOF` runs the content itself, as a file when it starts with `#!`; any other use of
 * heredocs is joined again for the shell to read. The shell expands variables in the content.
 */
export function runCommand(run: RunInstruction): RunCommand {
  if (!run.shellForm) return { form: 'exec', args: run.args };
  const line = run.args[0] ?? '';
  const [first] = run.heredocs;
  if (first === undefined) return { form: 'shell', line };
  if (heredocStartOrNone(line) === undefined) return { form: 'shell', line: line + documents(run.heredocs) };
  const content = first.chomp ? chompTabs(first.content) : first.content;
  return content.startsWith('#!') ? { form: 'script', name: first.name, content } : { form: 'shell', line: content };
}
