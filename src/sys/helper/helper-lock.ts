import {
  closeSync,
  constants,
  ftruncateSync,
  openSync,
  readFileSync,
  readlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { orUndo } from '../../lib/or-undo.ts';
import { thenAlways } from '../../lib/then-always.ts';
import { bootId } from '../boot-id.ts';
import { tryLockFile } from '../flock.ts';
import { ifThere } from '../if-there.ts';
import { isFileAt } from '../is-file-at.ts';
import { makeFolders } from '../make-folders.ts';
import type { ProcessIdentity } from '../process-identity.ts';

/** What a lock file says of its holder. */
export interface LockHolder {
  /** Of the program. */
  readonly version: string;
  /** Undefined until the program has begun to run, and when it runs on another machine or in another pid namespace. */
  readonly process: ProcessIdentity | undefined;
}

/** Returns a descriptor that holds the lock; undefined when another one does. Makes the file, and its folder. */
export function takeHelperLock(path: string): number | undefined {
  for (;;) {
    const fd = openLock(path);
    const isTaken = orUndo(
      () => !tryLockFile(fd),
      () => closeSync(fd),
    );
    if (!isTaken && isFileAt(path, fd)) return fd;
    closeSync(fd);
    // The holder before us removed the file between the two calls; otherwise somebody else holds it.
    if (isTaken) return undefined;
  }
}

/** Gives up the lock. The file is removed while it is still locked, so that nobody can lock one that has no name. */
export function dropHelperLock(path: string, fd: number): void {
  thenAlways(
    () => ifThere(() => unlinkSync(path)),
    () => closeSync(fd),
  );
}

/** Writes who holds the lock, for those who find it taken. */
export function writeHolder(fd: number, { version, process }: LockHolder): void {
  const who = process === undefined ? '' : `${process.pid} ${process.startTicks} ${scopeOfNumbers()}\n`;
  const text = Buffer.from(`${version}\n${who}`);
  // In this order the file is never empty for a reader.
  writeSync(fd, text, 0, text.length, 0);
  ftruncateSync(fd, text.length);
}

/** Returns what the file says; undefined when there is none, or nothing is written yet. Holds only while the lock is taken. */
export function readHolder(path: string): LockHolder | undefined {
  const text = ifThere(() => readFileSync(path, 'latin1')) ?? '';
  const [, version, pid, startTicks, scope] = /^(\S+)\n(?:(\d+) (\d+) (.+)\n)?/.exec(text) ?? [];
  if (version === undefined) return undefined;
  const isKnown = scope === scopeOfNumbers();
  return { version, process: isKnown ? { pid: Number(pid), startTicks: Number(startTicks) } : undefined };
}

/** Where a process number means what it means here: elsewhere, on a shared disk, another process may have it. */
const scopeOfNumbers = (): string => `${bootId()} ${readlinkSync('/proc/self/ns/pid')}`;

function openLock(path: string): number {
  const open = (): number => openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  const fd = ifThere(open);
  if (fd !== undefined) return fd;
  makeFolders(dirname(path), 0o700);
  return open();
}
