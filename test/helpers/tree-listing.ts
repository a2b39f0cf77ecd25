// Lists one line per name of a tree, with every property that two equal trees share: a failed comparison shows the
// difference.
import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { AT_FDCWD } from '../../src/sys/constants.ts';
import { getXattrAt, listXattrsAt } from '../../src/sys/xattr.ts';

export interface ListingOptions {
  /** Leaves out modification times: all, or those of the paths that a function accepts (the root's is empty). */
  readonly withoutTimes?: boolean | ((path: string) => boolean);
  /** Attributes to list; by default all but those private to overlayfs and to the host's security module. */
  readonly xattrs?: (name: string) => boolean;
  /** Adds the number of allocated bytes, in steps of 64 KiB, for files that may be sparse. */
  readonly withBlocks?: boolean;
}

const types: readonly (readonly [string, (stat: BigIntStats) => boolean])[] = [
  ['file', (stat) => stat.isFile()],
  ['dir', (stat) => stat.isDirectory()],
  ['link', (stat) => stat.isSymbolicLink()],
  ['char', (stat) => stat.isCharacterDevice()],
  ['block', (stat) => stat.isBlockDevice()],
  ['fifo', (stat) => stat.isFIFO()],
  ['socket', (stat) => stat.isSocket()],
];

const usualXattrs = (name: string): boolean =>
  !/^(?:trusted|user)\.overlay\./.test(name) && (!name.startsWith('security.') || name === 'security.capability');

/**
 * Lists names in the order of bytes, one byte a character. Each line has type, mode, owner, and as it applies: size,
 * SHA-256 of the content, link target, device, attributes in hex, time in ns, first name of the same file.
 */
export function treeListing(root: string, options: ListingOptions = {}): string[] {
  const lines: { readonly path: string; readonly stat: BigIntStats; readonly line: string }[] = [];
  const visit = (path: string): void => {
    const full = Buffer.from(path === '' ? root : `${root}/${path}`, 'latin1');
    const stat = lstatSync(full, { bigint: true });
    lines.push({ path, stat, line: describe(full, path, stat, options) });
    if (!stat.isDirectory()) return;
    const names = readdirSync(full, { encoding: 'buffer' }).map((name) => name.toString('latin1'));
    for (const name of names.sort(byCode)) visit(path === '' ? name : `${path}/${name}`);
  };
  visit('');
  const firstNames = new Map<string, string>();
  return lines.map(({ path, stat, line }) => {
    const inode = `${stat.dev}:${stat.ino}`;
    const first = firstNames.get(inode);
    if (first === undefined) firstNames.set(inode, path);
    const sameAs = first === undefined || stat.isDirectory() ? '' : ` same-as=${JSON.stringify(first)}`;
    return `${JSON.stringify(path)} ${line}${sameAs}`;
  });
}

const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function describe(full: Buffer, path: string, stat: BigIntStats, options: ListingOptions): string {
  const { withoutTimes = false, xattrs = usualXattrs, withBlocks = false } = options;
  const type = types.find(([, is]) => is(stat))?.[0] ?? 'unknown';
  const parts = [type, (stat.mode & 0o7777n).toString(8).padStart(4, '0'), `${stat.uid}:${stat.gid}`];
  if (stat.isFile())
    parts.push(`${stat.size}b`, `sha256=${createHash('sha256').update(readFileSync(full)).digest('hex')}`);
  if (stat.isFile() && withBlocks) parts.push(`allocated=${(stat.blocks * 512n) >> 16n}`);
  if (stat.isSymbolicLink()) parts.push(`-> ${JSON.stringify(readlinkSync(full, { encoding: 'latin1' }))}`);
  if (stat.isCharacterDevice() || stat.isBlockDevice()) parts.push(`rdev=${stat.rdev}`);
  for (const name of listXattrsAt(AT_FDCWD, full).filter(xattrs).sort(byCode)) {
    const value = getXattrAt(AT_FDCWD, full, name);
    if (value) parts.push(`${name}=${Buffer.from(value).toString('hex')}`);
  }
  const hasTime = typeof withoutTimes === 'function' ? !withoutTimes(path) : !withoutTimes;
  if (hasTime) parts.push(`@${stat.mtimeNs}`);
  return parts.join(' ');
}
