import { StrataError } from '../errors/index.ts';
import { cleanPath } from '../lib/clean-path.ts';
import type { MountSpec } from './spec.ts';

export type Propagation = 'private' | 'rprivate' | 'slave' | 'rslave' | 'shared' | 'rshared';

/** A mount beside docker's own: a host path, or memory. */
export type ContainerMount =
  | {
      readonly type: 'bind';
      /** Absolute path on the host. */
      readonly source: string;
      readonly destination: string;
      /** Read-only with all mounts below the source, unless {@link isWritableBelow}. */
      readonly readonly?: boolean | undefined;
      readonly isWritableBelow?: boolean | undefined;
      readonly propagation?: Propagation | undefined;
      /** False leaves out the mounts below the source. */
      readonly recursive?: boolean | undefined;
      /** True for the engine's own files (`/etc/hosts`): read-only together with the root filesystem. */
      readonly isOwn?: boolean | undefined;
    }
  | {
      readonly type: 'tmpfs';
      readonly destination: string;
      /** Docker's `--tmpfs` options: `size=64m`, `mode=1770`, `exec`. */
      readonly options?: readonly string[] | undefined;
    };

/** A mount of a host path. */
export type BindMount = Extract<ContainerMount, { readonly type: 'bind' }>;

const maxMounts = 1000;
const maxPathBytes = 4096;

const opposites: readonly (readonly [string, string])[] = [
  ['exec', 'noexec'],
  ['suid', 'nosuid'],
  ['dev', 'nodev'],
  ['rw', 'ro'],
  ['atime', 'noatime'],
  ['diratime', 'nodiratime'],
  ['async', 'sync'],
  ['mand', 'nomand'],
  ['relatime', 'norelatime'],
  ['strictatime', 'nostrictatime'],
];
const propagations = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared', 'unbindable', 'runbindable'];
const values = ['size', 'mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'mpol'];

function fail(message: string, hint: string): StrataError {
  return new StrataError({ code: 'ERR_MOUNT_INVALID', message, hint });
}

function plainPath(path: string, what: string): string {
  const hint = 'Give an absolute path below the root.';
  if (!path.startsWith('/'))
    throw fail(`invalid mount path: '${path.slice(0, 200)}' mount path must be absolute`, hint);
  // `..` is resolved here, so that neither the runtime nor a symlink of the image sees it.
  const plain = cleanPath(path);
  if (plain === '/') throw fail(`invalid specification: ${what} can't be '/'`, hint);
  if (!path.includes('\0') && path.length < maxPathBytes) return plain;
  throw fail(`mount ${what} ${JSON.stringify(path.slice(0, 200))}: not a plain absolute path below the root`, hint);
}

/** Returns the group of an option, in which only one may be set: its opposite, or the same key with another value. */
function groupOf(option: string): string | undefined {
  const key = option.split('=', 1)[0] ?? option;
  if (option.includes('=')) return values.includes(key) ? key : undefined;
  if (propagations.includes(option)) return 'propagation';
  return opposites.find((pair) => pair.includes(option))?.[0];
}

/**
 * Returns the options of a tmpfs by docker's rule: the ones it always sets, then the user's; later ones replace earlier
 * ones.
 */
function tmpfsOptions(own: readonly string[]): string[] {
  const chosen = new Map<string, string>();
  for (const option of ['noexec', 'nosuid', 'nodev', 'rprivate', ...own]) {
    const group = groupOf(option);
    if (group === undefined) {
      throw fail(`invalid tmpfs option ${JSON.stringify(option.slice(0, 100))}`, 'Use size=, mode=, uid=, gid=, exec.');
    }
    chosen.delete(group);
    chosen.set(group, option);
  }
  return [...chosen.values()];
}

function toSpec(mount: ContainerMount, isRootReadonly: boolean): MountSpec {
  const destination = destinationOf(mount);
  if (mount.type === 'tmpfs') {
    return { destination, type: 'tmpfs', source: 'tmpfs', options: tmpfsOptions(mount.options ?? []) };
  }
  const isReadonly = mount.readonly === true || (mount.isOwn === true && isRootReadonly);
  return {
    destination,
    type: 'bind',
    source: isRoot(mount.source) ? '/' : plainPath(mount.source, 'source'),
    options: [
      mount.recursive === false ? 'bind' : 'rbind',
      ...(isReadonly ? [readonlyOption(mount)] : []),
      mount.propagation ?? 'rprivate',
    ],
  };
}

/** `ro` leaves mounts below writable; `rro` (runc 1.1, Linux 5.12) does not, as in docker since 25. */
const readonlyOption = ({ recursive, isWritableBelow }: BindMount): string =>
  recursive === false || isWritableBelow === true ? 'ro' : 'rro';

const isRoot = (path: string): boolean => cleanPath(path) === '/';

/** Returns a mount's normalized destination. Throws ERR_MOUNT_INVALID. */
export const destinationOf = ({ destination }: ContainerMount): string => plainPath(destination, 'destination');

const isEngines = (mount: ContainerMount): boolean => mount.type === 'bind' && mount.isOwn === true;

const depth = (path: string): number => path.split('/').length;

/**
 * Returns docker's mounts and the container's, in an order in which none hides another: a mount of the container
 * replaces the default one at its destination, and parents precede the paths below them.
 * @throws ERR_MOUNT_INVALID for paths that are not absolute or lead to the root, two mounts at one destination, unknown
 * tmpfs options, or over 1,000 mounts
 */
export function combineMounts(
  defaults: readonly MountSpec[],
  own: readonly ContainerMount[],
  isRootReadonly: boolean,
): MountSpec[] {
  if (own.length > maxMounts)
    throw fail(`container: ${own.length} mounts, more than ${maxMounts}`, 'Use fewer mounts.');
  // A user's mount at /etc/hosts replaces the engine's file.
  const asked = new Set(own.flatMap((mount) => (isEngines(mount) ? [] : [destinationOf(mount)])));
  const specs = own
    .filter((mount) => !isEngines(mount) || !asked.has(mount.destination))
    .map((mount) => toSpec(mount, isRootReadonly));
  const taken = new Set<string>();
  for (const { destination } of specs) {
    if (taken.has(destination)) throw fail(`Duplicate mount point: ${destination}`, 'Use each destination once.');
    taken.add(destination);
  }
  const kept = defaults.filter(({ destination }) => !taken.has(destination));
  return [...kept, ...specs.toSorted((a, b) => depth(a.destination) - depth(b.destination))];
}

/** True when mounts made below it in the container propagate to the host. */
export const isShared = (mount: ContainerMount): boolean =>
  mount.type === 'bind' && (mount.propagation === 'shared' || mount.propagation === 'rshared');

/** True when the host's mounts below its source propagate to the container, and none the other way. */
export const isSlave = (mount: ContainerMount): boolean =>
  mount.type === 'bind' && (mount.propagation === 'slave' || mount.propagation === 'rslave');

/**
 * Returns the propagation that the runtime is to give the container's mounts. By default it makes all of them slaves
 * before it binds anything, which cuts shared ones off.
 */
export function rootPropagationOf(mounts: readonly ContainerMount[]): 'shared' | 'rslave' | undefined {
  if (mounts.some(isShared)) return 'shared';
  return mounts.some(isSlave) ? 'rslave' : undefined;
}
