import { StrataError } from '../../errors/index.ts';
import { displayBytes } from '../../lib/bytes.ts';
import type { Lost } from './follow-path.ts';

/** Reason for a COPY to find nothing at a path. */
export type WhyNot = Lost | 'ignored';

/** Error for a missing source. `origin` is the stage or image that is copied from; undefined for the build context. */
export function sourceNotFoundError(instruction: string, why: WhyNot, origin: string | undefined): StrataError {
  if (origin !== undefined) {
    return copySourceError(
      `${instruction}: not found in ${origin}`,
      'Paths begin at the root of the files there, whatever its WORKDIR; symlinks do not lead out of them.',
    );
  }
  return copySourceError(
    `${instruction}: not found in the build context`,
    why === 'ignored'
      ? 'Change the .dockerignore, which excludes it.'
      : 'Paths are relative to the context, the folder given to build; symlinks do not lead out of it.',
  );
}

/** Error for a broken symlink that a wildcard matches, or that is below a match. */
export const brokenLinkError = (
  instruction: string,
  link: Uint8Array,
  why: WhyNot,
  origin: string | undefined,
): StrataError =>
  copySourceError(
    `${instruction}: ${displayBytes(link)} is a symlink that ${endings[why](origin ?? 'the build context')}`,
    origin === undefined
      ? 'Mend the symlink, or exclude it in .dockerignore.'
      : 'Mend the symlink, or exclude it from the copy.',
  );

const endings: Readonly<Record<WhyNot, (files: string) => string>> = {
  missing: (files) => `leads to nothing inside ${files}`,
  circular: () => 'leads in a circle',
  ignored: () => 'leads to what the .dockerignore excludes',
};

const copySourceError = (message: string, hint: string): StrataError =>
  new StrataError({ code: 'ERR_COPY_SOURCE_NOT_FOUND', message, hint });
