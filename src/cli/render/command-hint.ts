import type { ErrorCode, StrataError } from '../../errors/index.ts';

/** The flag or command that does what a hint says; undefined if the hint is about something else. */
type Typed = string | ((error: StrataError) => string | undefined);

const whereHint =
  (pattern: RegExp, typed: string): Typed =>
  ({ hint = '' }) =>
    pattern.test(hint) ? typed : undefined;

const otherStore = '--root or STRATA_ROOT';
const otherStoreIfAsked = whereHint(/another (?:store|one)\.$/, otherStore);
const allContainers = 'strata ps -a';
const allImages = 'strata images';
const unpause = 'strata unpause CONTAINER';
const typedToStart: { readonly [hint: string]: string } = {
  'Start it.': 'strata start CONTAINER',
  'Unpause it.': unpause,
};

const typedFor: { readonly [Code in ErrorCode]?: Typed } = {
  ERR_ARCHIVE_PLATFORM: '--platform',
  ERR_ATTRIBUTE_LIMIT: otherStore,
  ERR_BLOB_FLUSH_FAILED: 'strata system check',
  ERR_CONTAINER_ATTACH_REFUSED: ({ hint = '' }) => typedToStart[hint] ?? '-d, or no --rm',
  ERR_CONTAINER_CHANGED: whereHint(/^List/, allContainers),
  ERR_CONTAINER_NAME_IN_USE: allContainers,
  ERR_CONTAINER_NOT_FOUND: ({ hint = '' }) =>
    hint.includes('List all containers and images')
      ? `${allContainers}, ${allImages}`
      : hint.startsWith('List')
        ? allContainers
        : undefined,
  ERR_CONTAINER_NOT_RUNNING: ({ hint = '' }) => (hint.startsWith('List') ? 'strata ps' : 'strata start CONTAINER'),
  ERR_CONTAINER_PAUSE: '--pause=false',
  ERR_CONTAINER_PAUSED: ({ hint = '' }) => (hint.startsWith('Unpause it') ? unpause : allContainers),
  ERR_CONTAINER_RUNNING: '--force',
  ERR_CONTAINER_START_REFUSED: ({ hint = '' }) => typedToStart[hint] ?? '-d',
  ERR_COPY_MOUNTED: whereHint(/process in the container/, `strata exec -i CONTAINER sh -c 'cat >PATH'`),
  ERR_COPY_NOT_FOUND: whereHint(/^List the files of the image/, 'strata image files IMAGE'),
  ERR_COPY_NO_SIZE: 'in a container strata exec CONTAINER cat PATH',
  ERR_DOCKERFILE_AMBIGUOUS: '-f',
  ERR_DOCKERFILE_NOT_FOUND: '-f',
  ERR_DOCKERFILE_STAGE: whereHint(/give the build an argument/, '--build-arg NAME=VALUE'),
  ERR_EXEC_REFUSED: whereHint(/^Unpause it/, unpause),
  ERR_FILE_KIND: whereHint(/^List the files in it/, 'strata image files IMAGE PATH'),
  ERR_FILE_NOT_FOUND: 'strata image files IMAGE',
  ERR_FORMAT_INVALID: '--format json',
  ERR_IMAGE_IN_USE: '--force',
  ERR_IMAGE_NOT_FOUND: ({ hint = '' }) =>
    /platform/.test(hint) ? '--platform' : hint.startsWith('List') ? allImages : undefined,
  ERR_IMAGE_PLATFORM: '--platform',
  ERR_INTERNAL: '--debug shows it',
  ERR_LOG_NOT_KEPT: 'strata attach CONTAINER',
  ERR_NETWORK_REFUSED: '--network host',
  ERR_NOT_SUPPORTED_YET: whereHint(/build with those/, '--pull=missing'),
  ERR_REFERENCE_INVALID: whereHint(/give the build an argument/, '--build-arg NAME=VALUE'),
  ERR_STORAGE_ROOT_UNUSABLE: otherStore,
  ERR_STORE_FOREIGN: otherStoreIfAsked,
  ERR_STORE_FORMAT_NEWER: otherStoreIfAsked,
  ERR_STORE_NOT_WRITABLE: otherStoreIfAsked,
  ERR_STORE_READ_ONLY: otherStoreIfAsked,
  ERR_WORKING_DIRECTORY_INVALID: '--workdir',
};

/**
 * Returns an error's hint for the command line: the library's words, which hold for every program, and the flag or
 * command that does it.
 */
export function commandHint(error: StrataError): string | undefined {
  const { code, hint } = error;
  if (hint === undefined) return undefined;
  const typed = Object.hasOwn(typedFor, code) ? typedFor[code as ErrorCode] : undefined;
  const text = typeof typed === 'function' ? typed(error) : typed;
  return text === undefined ? hint : `${hint.replace(/\.$/, '')} (${text}).`;
}
