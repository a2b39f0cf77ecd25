import { StrataError } from '../../errors/index.ts';
import { cleanPath } from '../../lib/clean-path.ts';
import type { BindMount, Propagation } from '../../oci-runtime/mounts.ts';

const propagations: readonly Propagation[] = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared'];

const fail = (message: string, hint = 'Write SOURCE:DESTINATION[:ro], both paths absolute.'): StrataError =>
  new StrataError({ code: 'ERR_MOUNT_INVALID', message, hint });

const isPropagation = (word: string): word is Propagation => propagations.some((name) => name === word);

/** At most one word of each group, as with docker. */
const groups: readonly (readonly string[])[] = [
  ['rw', 'ro'],
  propagations,
  ['z', 'Z'],
  ['nocopy'],
  ['consistent', 'cached', 'delegated'],
];

function checkMode(mode: string): readonly string[] {
  const words = mode.split(',');
  const taken = words.map((word) => groups.findIndex((group) => group.includes(word)));
  if (taken.includes(-1) || new Set(taken).size < taken.length) throw fail(`invalid mode: ${mode.slice(0, 100)}`);
  return words;
}

/** True when a `-v` or its first part names a volume, not a path of the host. */
const isVolumeName = (source: string): boolean => /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(source);

/**
 * Parses docker's `SOURCE:DESTINATION[:MODE]` for `-v`; paths are normalized: `/a/../b` becomes `/b`. Throws
 * ERR_MOUNT_INVALID in docker's words, ERR_NOT_SUPPORTED_YET for a volume: a name for a source, or no source.
 */
export function parseBind(text: string): BindMount {
  const parts = text.split(':');
  if (text === '') throw fail('invalid empty volume spec');
  if (parts.includes('')) throw fail(`invalid spec: ${text}: empty section between colons`);
  if (parts.length > 3) throw fail(`invalid volume specification: '${text.slice(0, 200)}'`);
  const [source = '', destination = '', mode = 'rw'] = parts;
  if (parts.length === 1) throw volumesNotYet();
  if (!source.startsWith('/') && isVolumeName(source)) throw volumesNotYet(source);
  if (!source.startsWith('/')) {
    throw fail(
      `create ${source}: ${JSON.stringify(source)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
  const invalid = (why: string): StrataError =>
    fail(`invalid volume specification: '${text.slice(0, 200)}': invalid mount config for type "bind": ${why}`);
  if (!destination.startsWith('/')) throw invalid(`invalid mount path: '${destination}' mount path must be absolute`);
  const mountPoint = cleanPath(destination);
  if (mountPoint === '/') throw invalid("invalid specification: destination can't be '/'");
  const words = checkMode(mode);
  // `nocopy` is for volumes, which otherwise copy the image's content at their mount point.
  if (words.includes('nocopy')) throw invalid('field VolumeOptions must not be specified');
  const propagation = words.find(isPropagation);
  return {
    type: 'bind',
    source: cleanPath(source),
    destination: mountPoint,
    readonly: words.includes('ro'),
    ...(propagation === undefined ? {} : { propagation }),
  };
}

/** Returns the error for docker's volumes, which are not paths of the host. */
export const volumesNotYet = (name = ''): StrataError =>
  new StrataError({
    code: 'ERR_NOT_SUPPORTED_YET',
    message: `${name === '' ? 'volumes' : `volume ${name.slice(0, 100)}`}: not supported yet`,
    hint: 'Name a directory of the host by its absolute path, as in /srv/data:/data.',
  });

/** Returns a valid propagation of a mount. Throws ERR_MOUNT_INVALID. */
export function checkPropagation(word: string): Propagation {
  if (isPropagation(word)) return word;
  throw fail(
    `invalid mount config for type "bind": invalid propagation mode: ${word.slice(0, 100)}`,
    `Use one of ${propagations.join(', ')}.`,
  );
}
