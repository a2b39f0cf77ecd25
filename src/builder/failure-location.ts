import { isDiskFull } from '../content/disk-failure.ts';
import { excerpt } from '../dockerfile/quote.ts';
import type { LineRange } from '../dockerfile/syntax-tree.ts';
import { firstCause, isStrataError, redact, restate } from '../errors/index.ts';
import { displayBytes } from '../lib/bytes.ts';
import { asSyscallError } from '../sys/as-syscall-error.ts';
import type { Op, Result } from './solver/types.ts';

/** A Dockerfile with the name that the user knows. */
export interface NamedDockerfile {
  readonly name: string;
  readonly text: Uint8Array;
}

// Lines around the instruction, and most lines of the instruction itself: a heredoc may be long.
const linesAround = 2;
const maxLines = 12;

/** Returns the error with the instruction's `line` and `endLine` in its details, unless it has them. */
function addLines(error: unknown, { start, end }: LineRange): unknown {
  const first = firstCause(error);
  // A full disk is explained by the callers, which know the store.
  const failure = isDiskFull(first) ? first : asSyscallError(first);
  if (!isStrataError(failure) || failure.details?.['endLine'] !== undefined) return failure;
  return restate(failure, { details: { line: start, endLine: end } });
}

/** Returns the op with the instruction's lines in the details of its errors. */
export const withOpLocation = <R extends Result>(op: Op<R>, at: LineRange): Op<R> => ({
  definition: op.definition,
  isKeyedByDefinition: op.isKeyedByDefinition,
  key: async (inputs, context) => {
    const { digest, exec } = await withLocation(op.key(inputs, context), at);
    return { digest, exec: async (running) => await withLocation(exec(running), at) };
  },
});

/** Awaits the work of an instruction; its errors get the instruction's lines. */
export async function withLocation<T>(work: Promise<T>, at: LineRange): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw addLines(error, at);
  }
}

/** Adds the Dockerfile's name and the lines around the instruction to an error with lines in its details. */
export function withExtract(error: unknown, dockerfile: NamedDockerfile): unknown {
  if (!isStrataError(error)) return error;
  const { line, endLine = line } = error.details ?? {};
  if (typeof line !== 'number' || typeof endLine !== 'number') return error;
  const extract = extractOf(dockerfile, { start: line, end: endLine });
  return extract.length === 0 ? error : restate(error, { details: { line, endLine, file: dockerfile.name, extract } });
}

/** Returns lines such as `   2 | >>> COPY a b`; the arrow marks the instruction. */
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
