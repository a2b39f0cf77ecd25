import { existsSync } from 'node:fs';
import { StrataError } from '../../errors/index.ts';
import { cleanPath } from '../../lib/clean-path.ts';
import type { ContainerMount } from '../../oci-runtime/mounts.ts';
import type { HostMount, HostOptions } from '../host-options.ts';
import { checkPropagation, parseBind, volumesNotYet } from './parse-bind.ts';

/** Returns all mounts that the user requests for a container. Throws ERR_MOUNT_INVALID, ERR_NOT_SUPPORTED_YET. */
export const hostMounts = ({ Binds = [], Mounts = [], Tmpfs = {} }: HostOptions): ContainerMount[] => [
  ...Binds.map(parseBind),
  ...Mounts.map(mountOf),
  ...Object.entries(Tmpfs).map(([destination, options]) => ({
    type: 'tmpfs' as const,
    destination,
    options: options === '' ? [] : options.split(','),
  })),
];

const usualHint =
  'Write type=bind,source=SOURCE,target=TARGET or type=tmpfs,target=TARGET, with absolute paths; TARGET is not /.';

const fail = ({ Type }: HostMount, why: string, hint = usualHint): StrataError =>
  new StrataError({
    code: 'ERR_MOUNT_INVALID',
    message: `invalid mount config for type ${JSON.stringify(Type.slice(0, 40))}: ${why}`,
    hint,
  });

function absolute(mount: HostMount, path: string): string {
  if (path.startsWith('/')) return cleanPath(path);
  throw fail(mount, `invalid mount path: '${path.slice(0, 200)}' mount path must be absolute`);
}

function mountOf(mount: HostMount): ContainerMount {
  const { Type, Source = '', Target, ReadOnly = false, BindOptions = {}, TmpfsOptions = {} } = mount;
  if (Type === 'volume') throw volumesNotYet(Source);
  if (Type !== 'bind' && Type !== 'tmpfs') throw fail(mount, 'mount type unknown', 'Use bind or tmpfs.');
  if (Target === '') throw fail(mount, 'field Target must not be empty');
  const destination = absolute(mount, Target);
  if (destination === '/') throw fail(mount, "invalid specification: destination can't be '/'");
  if (Type === 'tmpfs') {
    if (Source !== '') throw fail(mount, 'field Source must not be specified');
    const { SizeBytes = 0, Mode } = TmpfsOptions;
    return {
      type: 'tmpfs',
      destination,
      options: [
        ...(ReadOnly ? ['ro'] : []),
        ...(Mode === undefined ? [] : [`mode=${Mode.toString(8)}`]),
        ...(SizeBytes === 0 ? [] : [`size=${SizeBytes}`]),
      ],
    };
  }
  if (Source === '') throw fail(mount, 'field Source must not be empty');
  const { Propagation, NonRecursive, ReadOnlyNonRecursive } = BindOptions;
  return {
    type: 'bind',
    source: absolute(mount, Source),
    destination,
    readonly: ReadOnly,
    ...(ReadOnlyNonRecursive === true ? { isWritableBelow: true } : {}),
    recursive: NonRecursive !== true,
    ...(Propagation === undefined || Propagation === '' ? {} : { propagation: checkPropagation(Propagation) }),
  };
}

/** Checks that the sources of `--mount` exist. Throws ERR_MOUNT_INVALID. */
export function checkMountSources({ Mounts = [] }: HostOptions): void {
  for (const mount of Mounts) {
    const spec = mountOf(mount);
    if (spec.type !== 'bind' || existsSync(spec.source)) continue;
    throw fail(
      mount,
      `bind source path does not exist: ${spec.source}`,
      'Create it first; unlike a bind in the form SOURCE:DESTINATION, a mount does not create its source.',
    );
  }
}
