import type { Instruction } from '../../dockerfile/instructions/types.ts';
import type { LineRange } from '../../dockerfile/syntax-tree.ts';
import { StrataError } from '../../errors/index.ts';

/** What the grammar knows and the builder does not do yet; names the line. */
export function notSupportedYet(what: string, at: LineRange): StrataError {
  return new StrataError({
    kind: 'unsupported',
    code: 'ERR_NOT_SUPPORTED_YET',
    message: `dockerfile line ${at.start}: ${what}: not supported yet`,
    details: { line: at.start },
  });
}

/** Refuses, before anything is built, an instruction or a flag of it that would be silently ignored otherwise. */
export function refuseUnsupported(instruction: Instruction): void {
  const { location } = instruction;
  if (instruction.kind === 'RUN' || instruction.kind === 'ADD') throw notSupportedYet(instruction.kind, location);
  if (instruction.kind !== 'COPY') return;
  if (instruction.from !== '') throw notSupportedYet('COPY --from', location);
  if (instruction.parents) throw notSupportedYet('COPY --parents', location);
  if (instruction.link) throw notSupportedYet('COPY --link', location);
  if (instruction.exclude.length > 0) throw notSupportedYet('COPY --exclude', location);
}
