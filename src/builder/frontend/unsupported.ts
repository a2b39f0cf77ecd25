import { valueError } from '../../dockerfile/dockerfile-error.ts';
import type { AddInstruction, Instruction } from '../../dockerfile/instructions/types.ts';
import type { LineRange } from '../../dockerfile/syntax-tree.ts';
import { StrataError } from '../../errors/index.ts';

/** Error for a part of the language that the builder does not support yet; `hint` says what to do instead. */
export function notSupportedError(what: string, at: LineRange, hint: string): StrataError {
  return new StrataError({
    code: 'ERR_NOT_SUPPORTED_YET',
    message: `dockerfile line ${at.start}: ${what}: not supported yet`,
    hint,
    details: { line: at.start, endLine: at.end },
  });
}

const noMounts =
  'Leave out cache mounts, and COPY files instead of binding them; secrets and ssh are not supported yet.';
const byHand =
  'Do this step in a container that has the rights or the device, commit that container, and build FROM the image.';
const noExceptions =
  'Leave the exception out, and name the files that it includes as sources: it would include files beside the source, too.';

/** Refuses an instruction or flag that would be ignored silently otherwise. Throws ERR_NOT_SUPPORTED_YET. */
export function refuseUnsupported(instruction: Instruction): void {
  const { location } = instruction;
  if (instruction.kind === 'RUN') {
    if (instruction.mounts.length > 0) throw notSupportedError('RUN --mount', location, noMounts);
    if (instruction.security !== 'sandbox') throw notSupportedError('RUN --security', location, byHand);
    if (instruction.devices.length > 0) throw notSupportedError('RUN --device', location, byHand);
  }
  if (instruction.kind !== 'COPY' && instruction.kind !== 'ADD') return;
  const { kind } = instruction;
  const exception = kind === 'COPY' && instruction.parents && instruction.exclude.find((each) => each.startsWith('!'));
  if (exception) throw notSupportedError(`COPY --parents --exclude=${exception}`, location, noExceptions);
}

// Forms that BuildKit takes for a URL: with a scheme, and ssh's own.
const url = /^(?:https?|git|ssh|ftp):\/\/|^[a-zA-Z0-9_-]+@[a-zA-Z0-9.-]+:/i;

/** Refuses remote sources of an ADD with expanded variables. Throws ERR_NOT_SUPPORTED_YET, ERR_DOCKERFILE_VALUE. */
export function refuseRemote({ sources, checksum, location }: AddInstruction): void {
  const remote = sources.find((source) => url.test(source));
  if (remote !== undefined) throw notSupportedError(`ADD ${remote}`, location, 'Fetch it into the context first.');
  if (checksum !== '') throw valueError('checksum requires HTTP(S) sources', location, 'Leave out the checksum.');
}
