import { isDiskFull } from '../content/disk-failure.ts';
import { excerpt } from '../dockerfile/quote.ts';
import type { LineRange } from '../dockerfile/syntax-tree.ts';
import { firstCause, isStrataError, redact, restate } from '../errors/index.ts';
import { displayBytes } from '../lib/bytes.ts';
import { asSyscallError } from '../sys/as-syscall-error.ts';
import type { Op, Result } from './solver/types.ts';

/** The Dockerfile as the user knows it. */
export interface NamedDockerfile {
  readonly name: string;
  readonly text: Uint8Array;
}

// Around the instruction; of a long one, a heredoc, its beginning.
const linesAround = 2;
const maxLines = 12;

/** A failure that says which lines its instruction stands in, `line` and `endLine` of its details, unless it did so itself. */
function atLines(thrown: unknown, { start, end }: LineRange): unknown {
  const first = firstCause(thrown);
  // Of a full disk more is told by those who know the store.
  const error = isDiskFull(first) ? first : asSyscallError(first);
  if (!isStrataError(error) || error.details?.['endLine'] !== undefined) return error;
  return restate(error, { details: { line: start, endLine: end } });
}

/** The op of an instruction, whose failures say where that stands. */
export const standingAt = <R extends Result>(op: Op<R>, at: LineRange): Op<R> => ({
  definition: op.definition,
  isKeyedByDefinition: op.isKeyedByDefinition,
  key: async (inputs, context) => {
    const { digest, exec } = await located(op.key(inputs, context), at);
    return { digest, exec: async (running) => await located(exec(running), at) };
  },
});

/** What the work of an instruction gives; its failure by {@link atLines}. */
export async function located<T>(work: Promise<T>, at: LineRange): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw atLines(error, at);
  }
}

/** A failure with the file's name and the lines around the instruction as details, when it says where that stands. */
export function withExtract(error: unknown, dockerfile: NamedDockerfile): unknown {
  if (!isStrataError(error)) return error;
  const { line, endLine = line } = error.details ?? {};
  if (typeof line !== 'number' || typeof endLine !== 'number') return error;
  const extract = extractOf(dockerfile, { start: line, end: endLine });
  return extract.length === 0 ? error : restate(error, { details: { line, endLine, file: dockerfile.name, extract } });
}

/** `   2 | >>> COPY a b`, a line each; the arrow marks the instruction. */
function extractOf({ text }: NamedDockerfile, { start, end }: LineRange): string[] {
  const lines = displayBytes(text).split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const last = Math.min(end, start + maxLines - 1);
  const first = Math.max(1, start - linesAround);
  return lines.slice(first - 1, last + linesAround).map((line, at) => {
    const number = first + at;
    const mark = number >= start && number <= end ? '>>>' : '   ';
    return `${String(number).padStart(4)} | ${mark} ${excerpt(redact(line))}`;
  });
}
