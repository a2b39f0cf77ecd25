import { StrataError } from '../../errors/index.ts';
import { displayBytes } from '../../lib/bytes.ts';
import type { Lost } from './follow-path.ts';

/** Why a COPY finds nothing at a path. */
export type WhyNot = Lost | 'ignored';

/** For what an instruction names. `origin` is the stage or image that it copies from; undefined for the build context. */
export function sourceNotFound(what: string, why: WhyNot, origin: string | undefined): StrataError {
  if (origin !== undefined) {
    return refused(
      `${what}: not found in ${origin}`,
      'Paths begin at the root of the files there, whatever its WORKDIR; symlinks do not lead out of them.',
    );
  }
  return refused(
    `${what}: not found in the build context`,
    why === 'ignored'
      ? 'The .dockerignore excludes it.'
      : 'Paths are relative to the context, the folder given to build; symlinks do not lead out of it.',
  );
}

/** For a symlink that a wildcard of an instruction matches, or that lies below what it matches. */
export const lostLink = (what: string, link: Uint8Array, why: WhyNot, origin: string | undefined): StrataError =>
  refused(
    `${what}: ${displayBytes(link)} is a symlink that ${endings[why](origin ?? 'the build context')}`,
    origin === undefined
      ? 'Mend the symlink, or exclude it in .dockerignore.'
      : 'Mend the symlink, or exclude it from the copy.',
  );

const endings: Readonly<Record<WhyNot, (place: string) => string>> = {
  missing: (place) => `leads to nothing inside ${place}`,
  circular: () => 'leads in a circle',
  ignored: () => 'leads to what the .dockerignore excludes',
};

const refused = (message: string, hint: string): StrataError =>
  new StrataError({ code: 'ERR_COPY_SOURCE_NOT_FOUND', message, hint });
