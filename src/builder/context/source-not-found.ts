import { StrataError } from '../../errors/index.ts';
import { displayBytes } from '../../lib/bytes.ts';
import type { Lost } from './follow-path.ts';

/** Why a build finds nothing at a path of its context. */
export type WhyNot = Lost | 'ignored';

/** For what an instruction names. */
export const sourceNotFound = (what: string, why: WhyNot): StrataError =>
  refused(
    `${what}: not found in the build context`,
    why === 'ignored'
      ? 'The .dockerignore excludes it.'
      : 'Paths are relative to the context, the folder given to build; symlinks do not lead out of it.',
  );

/** For a symlink that a wildcard of an instruction matches, or that lies below what it matches. */
export const lostLink = (what: string, link: Uint8Array, why: WhyNot): StrataError =>
  refused(
    `${what}: ${displayBytes(link)} is a symlink that ${endings[why]}`,
    'Mend the symlink, or exclude it in .dockerignore.',
  );

const endings = {
  missing: 'leads to nothing inside the build context',
  circular: 'leads in a circle',
  ignored: 'leads to what the .dockerignore excludes',
} as const;

const refused = (message: string, hint: string): StrataError =>
  new StrataError({ code: 'ERR_COPY_SOURCE_NOT_FOUND', message, hint });
