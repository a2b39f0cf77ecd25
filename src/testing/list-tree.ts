import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AT_FDCWD } from '../sys/constants.ts';
import { readlinkAt } from '../sys/fs-at.ts';
import { listAt } from '../sys/list-at.ts';
import { type FileStat, statAt } from '../sys/stat.ts';
import { getXattrAt, listXattrsAt } from '../sys/xattr.ts';

/**
 * Lists a tree as sorted lines, for comparison in a test. Usual values are left out (owner 0:0, mode 0755 of a
 * directory and 0644 of anything else, times after 2020), so that a line shows only special ones:
 *
 *     ./
 *     bin/ 0700 1:1
 *     bin/a "content" 04755 security.x="1"
 *     bin/b = bin/a                            (a hard link)
 *     bin/c -> ../a
 *     bin/d character-device 1:3 @1000000000.500000000 (a time of long ago)
 *
 * Names are shown as latin1, one character per byte.
 */
export function listTree(root: string): string[] {
  const firstNames = new Map<string, string>();
  const lines: string[] = [];
  const visit = (path: string): void => {
    const stat = statAt(AT_FDCWD, bytesOf(root, path));
    lines.push(lineOf(root, path, stat, firstNames));
    if (stat.type !== 'directory') return;
    const names = listAt(AT_FDCWD, bytesOf(root, path)).sort().names();
    for (const name of names.map((bytes) => Buffer.from(bytes).toString('latin1'))) visit(join(path, name));
  };
  visit('.');
  return lines;
}

// The last `.` leads into a root that is itself a link, as in /proc/PID/fd.
const bytesOf = (root: string, path: string): Buffer => Buffer.from(`${root}/${path}`, 'latin1');

const year2020 = 1577836800;

function lineOf(root: string, path: string, stat: FileStat, firstNames: Map<string, string>): string {
  const bytes = bytesOf(root, path);
  if (stat.nlink > 1 && stat.type !== 'directory') {
    const inode = `${stat.deviceMajor}:${stat.deviceMinor}:${stat.ino}`;
    const first = firstNames.get(inode);
    if (first !== undefined) return `${path} = ${first}`;
    firstNames.set(inode, path);
  }
  const { mtime } = stat;
  const usualMode = stat.type === 'directory' ? 0o755 : stat.type === 'symlink' ? 0o777 : 0o644;
  const parts = [
    describe(path, bytes, stat),
    stat.permissions === usualMode ? '' : `0${stat.permissions.toString(8)}`,
    stat.uid === 0 && stat.gid === 0 ? '' : `${stat.uid}:${stat.gid}`,
    ...xattrsOf(bytes),
    mtime.seconds > year2020 ? '' : `@${mtime.seconds}.${String(mtime.nanoseconds).padStart(9, '0')}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function xattrsOf(path: Buffer): string[] {
  return listXattrsAt(AT_FDCWD, path)
    .sort()
    .map((name) => {
      const value = Buffer.from(getXattrAt(AT_FDCWD, path, name) ?? []);
      return `${name}=${JSON.stringify(value.toString('latin1'))}`;
    });
}

function describe(path: string, bytes: Buffer, stat: FileStat): string {
  switch (stat.type) {
    case 'directory':
      return `${path}/`;
    case 'symlink':
      return `${path} -> ${Buffer.from(readlinkAt(AT_FDCWD, bytes)).toString('latin1')}`;
    case 'file':
      return `${path} ${contentOf(bytes, stat.size)}`;
    case 'character-device':
    case 'block-device':
      return `${path} ${stat.type} ${stat.nodeMajor}:${stat.nodeMinor}`;
    case 'fifo':
    case 'socket':
    case 'unknown':
      return `${path} ${stat.type}`;
  }
}

function contentOf(path: Buffer, size: number): string {
  const content = readFileSync(path);
  if (size <= 64) return JSON.stringify(content.toString('latin1'));
  return `<${size} bytes, ${createHash('sha256').update(content).digest('hex').slice(0, 12)}>`;
}
