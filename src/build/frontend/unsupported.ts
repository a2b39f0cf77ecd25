import { valueError } from '../../dockerfile/dockerfile-error.ts';
import type { AddInstruction, Instruction } from '../../dockerfile/instructions/types.ts';
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
  if (instruction.kind === 'RUN') {
    if (instruction.mounts.length > 0) throw notSupportedYet('RUN --mount', location);
    if (instruction.security !== 'sandbox') throw notSupportedYet('RUN --security', location);
    if (instruction.devices.length > 0) throw notSupportedYet('RUN --device', location);
  }
  if (instruction.kind !== 'COPY' && instruction.kind !== 'ADD') return;
  const { kind } = instruction;
  if (kind === 'COPY' && instruction.from !== '') throw notSupportedYet('COPY --from', location);
  // It would take back in what lies beside the source.
  const exception = kind === 'COPY' && instruction.parents && instruction.exclude.find((each) => each.startsWith('!'));
  if (exception) throw notSupportedYet(`COPY --parents --exclude=${exception}`, location);
}

// The forms BuildKit takes for a URL: one with a scheme, and ssh's own.
const url = /^(?:https?|git|ssh|ftp):\/\/|^[a-zA-Z0-9_-]+@[a-zA-Z0-9.-]+:/i;

/** Refuses what only shows once the variables of an ADD are known. Throws ERR_NOT_SUPPORTED_YET, ERR_DOCKERFILE_VALUE. */
export function refuseRemote({ sources, checksum, location }: AddInstruction): void {
  const remote = sources.find((source) => url.test(source));
  if (remote !== undefined) throw notSupportedYet(`ADD ${remote}`, location);
  if (checksum !== '') throw valueError('checksum requires HTTP(S) sources', location);
}
