import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { scratchDirectory } from './scratch-directory.ts';

/** Lists everything about a tree that an escape could change; some changes show in the ctime alone. */
function listing(path: string, skip: string): string[] {
  if (path === skip) return [];
  const stat = lstatSync(path, { bigint: true });
  const { ino, mode, uid, gid, nlink, size, mtimeNs, ctimeNs } = stat;
  const line = [path, ino, mode.toString(8), uid, gid, nlink, size, mtimeNs, ctimeNs, contentOf(path, stat)].join(' ');
  const below = stat.isDirectory() ? readdirSync(path).sort() : [];
  return [line, ...below.flatMap((name) => listing(join(path, name), skip))];
}

function contentOf(path: string, stat: BigIntStats): string {
  if (stat.isSymbolicLink()) return readlinkSync(path);
  return stat.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
}

/**
 * Creates a root to work in, and beside it the files that no work may touch: `victim`, and `root-evil`, whose name
 * begins alike.
 */
export function rootBesideCanary(context: TestContext): { root: string; outside: string; before: string[] } {
  const { path } = scratchDirectory(context);
  const outside = join(path, 'outside');
  const root = join(outside, 'root');
  for (const name of ['victim', 'root-evil', 'etc', 'root']) mkdirSync(join(outside, name), { recursive: true });
  for (const name of ['victim/file', 'victim/passwd', 'root-evil/secret', 'etc/passwd', 'file']) {
    writeFileSync(join(outside, name), `the host's ${name}`);
  }
  symlinkSync('victim/file', join(outside, 'link'));
  waitForTick(path, join(outside, 'link'));
  return { root, outside, before: outsideOf(outside) };
}

/**
 * Waits until the clock is past `last`: before Linux 6.13 a change within the tick of the one before leaves no trace in
 * any time.
 */
function waitForTick(directory: string, last: string): void {
  const probe = join(directory, 'probe');
  const ctime = (path: string): bigint => lstatSync(path, { bigint: true }).ctimeNs;
  do writeFileSync(probe, '');
  while (ctime(probe) === ctime(last));
}

/** Lists the canary: everything outside but the root and what is in it. */
export const outsideOf = (outside: string): string[] => listing(outside, join(outside, 'root'));
