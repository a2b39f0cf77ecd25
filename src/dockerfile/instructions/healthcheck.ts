import { excerpt, quote } from '../quote.ts';
import type { SyntaxNode } from '../syntax-tree.ts';
import { parseDuration } from './duration.ts';
import { type Flags, readFlags } from './flags.ts';
import { instructionError, originOf, requireSome } from './origin.ts';
import { shellOrExec } from './run.ts';
import type { HealthcheckInstruction } from './types.ts';

const millisecond = 1_000_000;
const durations = 'Write durations such as 30s, 1m30s or 500ms.';
const counts = 'Give a whole number from 0 to 2147483647.';
const forms = 'Write HEALTHCHECK CMD and a command, or HEALTHCHECK NONE.';

function readDuration(node: SyntaxNode, flags: Flags, name: string): number {
  const text = flags.string(name);
  if (text === '') return 0;
  const duration = parseDuration(text);
  if (typeof duration !== 'number') throw instructionError(node, duration.problem, durations);
  if (duration !== 0 && duration < millisecond)
    throw instructionError(node, `Interval "${name}" cannot be less than 1ms`, durations);
  return duration;
}

function readRetries(node: SyntaxNode, flags: Flags): number {
  const text = flags.string('retries');
  if (text === '') return 0;
  const problem = (why: string): string => `strconv.ParseInt: parsing ${quote(excerpt(text))}: ${why}`;
  if (!/^[+-]?[0-9]+$/.test(text)) throw instructionError(node, problem('invalid syntax'), counts);
  const retries = Number(text);
  if (retries > 0x7fffffff || retries < -0x80000000)
    throw instructionError(node, problem('value out of range'), counts);
  if (retries < 0) throw instructionError(node, `--retries cannot be negative (${retries})`, counts);
  return retries + 0;
}

export function readHealthcheck(node: SyntaxNode): HealthcheckInstruction {
  requireSome(node, 'HEALTHCHECK');
  const type = (node.args[0] ?? '').toUpperCase();
  const args = node.args.slice(1);
  const off = { interval: 0, timeout: 0, startPeriod: 0, startInterval: 0, retries: 0 };
  if (type === 'NONE') {
    if (args.length > 0) throw instructionError(node, 'HEALTHCHECK NONE takes no arguments', forms);
    return { kind: 'HEALTHCHECK', ...originOf(node), test: ['NONE'], ...off };
  }
  const flags = readFlags(node, {
    interval: 'string',
    timeout: 'string',
    'start-period': 'string',
    'start-interval': 'string',
    retries: 'string',
  });
  if (type !== 'CMD')
    throw instructionError(node, `Unknown type ${quote(excerpt(type))} in HEALTHCHECK (try CMD)`, forms);
  const command = shellOrExec(args, node.json);
  if (command.args.length === 0) throw instructionError(node, 'Missing command after HEALTHCHECK CMD', forms);
  return {
    kind: 'HEALTHCHECK',
    ...originOf(node),
    test: [command.shellForm ? 'CMD-SHELL' : 'CMD', ...command.args],
    interval: readDuration(node, flags, 'interval'),
    timeout: readDuration(node, flags, 'timeout'),
    startPeriod: readDuration(node, flags, 'start-period'),
    startInterval: readDuration(node, flags, 'start-interval'),
    retries: readRetries(node, flags),
  };
}
