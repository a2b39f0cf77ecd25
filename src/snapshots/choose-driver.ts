import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StrataError } from '../errors/index.ts';
import { thenAlways } from '../lib/then-always.ts';
import { errnoOf } from '../sys/errno.ts';
import { removeTree } from '../sys/remove-tree.ts';
import { type Filesystem, filesystemOf } from './filesystem-of.ts';
import { type FileAbilities, probeFiles } from './probe-files.ts';
import { probeOverlay } from './probe-overlay.ts';

export type DriverName = 'overlay2' | 'vfs';

// What a user of docker may ask for, and finds in the list of what was considered.
const unsupported: readonly string[] = ['btrfs', 'zfs', 'devicemapper', 'aufs', 'fuse-overlayfs'];

export interface DriverFinding {
  readonly driver: string;
  readonly chosen: boolean;
  /** Why, or why not, for people. */
  readonly reason: string;
}

const notSupportedYet: readonly DriverFinding[] = unsupported.map((driver) => ({
  driver,
  chosen: false,
  reason: 'not supported yet',
}));

export interface DriverChoice {
  readonly driver: DriverName;
  /** Every driver a user may have heard of. */
  readonly findings: readonly DriverFinding[];
  /** To be told once: what will be slow, lost, or not be seen. */
  readonly warnings: readonly string[];
}

export interface ChooseDriverOptions {
  /** The store's root, absolute; made when absent. */
  readonly root: string;
  /** The user's wish; it goes before that of `STRATA_STORAGE_DRIVER`. */
  readonly driver?: string | undefined;
  /** In a user namespace that maps root to somebody else: overlayfs marks are `user.` xattrs. */
  readonly rootless?: boolean | undefined;
  /** Default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

interface Circumstances {
  readonly wish: DriverName | undefined;
  /** Such as `ext4 (/var)`. */
  readonly place: string;
  readonly filesystem: Filesystem | undefined;
  readonly files: FileAbilities;
  /** Why overlay2 cannot work here. */
  readonly overlayProblem: string | undefined;
  /** Drivers whose snapshots the store holds. */
  readonly held: ReadonlySet<DriverName>;
}

/**
 * Picks the driver for a store by trying what it needs in the store's own directory, and tells why not the others. The
 * user's wish counts first, then that overlay2 works, unless only vfs holds snapshots of this store.
 * Throws ERR_STORAGE_DRIVER_UNKNOWN; ERR_STORAGE_DRIVER_UNSUPPORTED when the wished driver, or none, can work there;
 * ERR_STORAGE_ROOT_UNUSABLE when nothing can be written there.
 */
export function chooseDriver(options: ChooseDriverOptions): DriverChoice {
  const found = examine(options, wishOf(options));
  const driver = pick(found);
  return { driver, findings: findingsFor(driver, found), warnings: warningsFor(driver, found) };
}

/**
 * The driver whose snapshots a store holds, if it is one and nobody wishes for another: what {@link chooseDriver} would
 * pick, without its trials, which take tens of milliseconds. Throws as that does for an impossible wish.
 */
export function driverInUse(options: ChooseDriverOptions): DriverName | undefined {
  const wish = wishOf(options);
  const [held, second] = heldDrivers(options.root);
  return second === undefined && (wish === undefined || wish === held) ? held : undefined;
}

/**
 * What {@link chooseDriver} is likely to pick, without a trial or anything else that is written, for those who only look.
 * Throws as that does for an impossible wish.
 */
export function expectedDriver(options: ChooseDriverOptions): DriverChoice {
  const wish = wishOf(options);
  const held = driverInUse(options);
  const driver = held ?? wish ?? (hasOverlay() ? 'overlay2' : 'vfs');
  const why =
    held !== undefined
      ? 'holds the snapshots of this store'
      : wish === undefined
        ? 'not tried here yet'
        : `${wish} was asked for`;
  const other = held === undefined ? why : `${held} holds the snapshots of this store`;
  const findings = (['overlay2', 'vfs'] as const).map((name) => ({
    driver: name,
    chosen: name === driver,
    reason: name === driver ? why : other,
  }));
  return { driver, findings: [...findings, ...notSupportedYet], warnings: [] };
}

const hasOverlay = (): boolean => {
  try {
    return /\boverlay$/m.test(readFileSync('/proc/filesystems', 'latin1'));
  } catch {
    return true;
  }
};

function wishOf({ driver, environment = process.env }: ChooseDriverOptions): DriverName | undefined {
  const wish = driver ?? environment['STRATA_STORAGE_DRIVER'];
  if (wish === undefined || wish === '') return undefined;
  if (wish === 'overlay2' || wish === 'vfs') return wish;
  if (unsupported.includes(wish)) throw cannotWork(wish, 'not supported yet');
  throw new StrataError({
    code: 'ERR_STORAGE_DRIVER_UNKNOWN',
    message: `storage driver ${wish}: unknown`,
    hint: 'Use overlay2 or vfs, or none to let one be chosen.',
  });
}

function examine({ root, rootless = false }: ChooseDriverOptions, wish: DriverName | undefined): Circumstances {
  const scratch = makeScratch(root);
  const look = (): Circumstances => {
    const filesystem = filesystemOf(root);
    const place = filesystem ? `${filesystem.type} (${filesystem.mountPoint})` : 'this filesystem';
    const files = probeFiles(join(scratch, 'files'));
    const probe = { directory: join(scratch, 'overlay'), place, rootless };
    const overlayProblem = wish === 'vfs' ? undefined : probeOverlay(probe);
    return { wish, place, filesystem, files, overlayProblem, held: heldDrivers(root) };
  };
  return thenAlways(look, () => removeTree(scratch));
}

function makeScratch(root: string): string {
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    return mkdtempSync(join(root, '.probe-'));
  } catch (cause) {
    throw new StrataError({
      code: 'ERR_STORAGE_ROOT_UNUSABLE',
      message: `root ${root}: cannot be written (${errnoOf(cause) ?? String(cause)})`,
      hint: 'Choose another place with --root or STRATA_ROOT.',
      cause,
    });
  }
}

function heldDrivers(root: string): ReadonlySet<DriverName> {
  return new Set((['overlay2', 'vfs'] as const).filter((driver) => isFilled(join(root, 'snapshots', driver))));
}

function isFilled(folder: string): boolean {
  try {
    // Trials have names with a dot.
    return readdirSync(folder).some((name) => !name.startsWith('.'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    if (errnoOf(error) === 'EACCES') throw notYours(dirname(dirname(folder)), error);
    throw error;
  }
}

const notYours = (root: string, cause: unknown): StrataError =>
  new StrataError({
    code: 'ERR_STORAGE_ROOT_UNUSABLE',
    message: `root ${root}: belongs to another user`,
    hint: 'Choose another place with --root or STRATA_ROOT, or run this as root.',
    cause,
  });

function pick({ wish, place, files, overlayProblem, held }: Circumstances): DriverName {
  if (files.foldsCase) throw cannotWork(wish ?? 'any', `${place} takes names that differ in case for the same`);
  if (wish === 'vfs') return 'vfs';
  if (overlayProblem === undefined)
    return wish === undefined && held.has('vfs') && held.size === 1 ? 'vfs' : 'overlay2';
  if (wish === 'overlay2') throw cannotWork('overlay2', overlayProblem);
  return 'vfs';
}

const cannotWork = (driver: string, reason: string): StrataError =>
  new StrataError({
    code: 'ERR_STORAGE_DRIVER_UNSUPPORTED',
    message: `storage driver ${driver}: ${reason}`,
    hint: 'Use another driver, or put the root on another filesystem, such as ext4 or xfs.',
  });

function findingsFor(driver: DriverName, { wish, place, overlayProblem }: Circumstances): DriverFinding[] {
  const why = wish === undefined ? undefined : `${wish} was asked for`;
  const overlayWorks = why ?? (driver === 'vfs' ? 'vfs holds the snapshots of this store' : `works on ${place}`);
  const vfsIsPicked = why ?? (overlayProblem === undefined ? 'holds the snapshots of this store' : 'works everywhere');
  return [
    { driver: 'overlay2', chosen: driver === 'overlay2', reason: overlayProblem ?? overlayWorks },
    {
      driver: 'vfs',
      chosen: driver === 'vfs',
      reason: driver === 'vfs' ? vfsIsPicked : (why ?? 'copies each layer whole'),
    },
    ...notSupportedYet,
  ];
}

function warningsFor(driver: DriverName, found: Circumstances): string[] {
  const { wish, place, filesystem, files, overlayProblem, held } = found;
  const warnings: string[] = [];
  if (driver === 'vfs' && wish === undefined && overlayProblem !== undefined) {
    warnings.push(`storage driver vfs is used, which copies each layer whole: ${overlayProblem}`);
  }
  if (files.lost.length > 0) warnings.push(`files on ${place} lose ${files.lost.join(', ')}`);
  // A bind mount keeps the flag, an overlay does not.
  if (driver === 'vfs' && filesystem?.options.has('noexec') === true) {
    warnings.push(`programs in containers cannot start: ${filesystem.mountPoint} is mounted noexec`);
  }
  for (const other of held) {
    if (other !== driver) warnings.push(`snapshots of storage driver ${other} in this store are not used`);
  }
  return warnings;
}
