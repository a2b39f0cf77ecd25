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

/** Holder of a lock, as recorded in the lock file. */
export interface LockHolder {
  /** Version of the program. */
  readonly version: string;
  /** Its process; undefined until the program runs, and when it runs on another machine or in another pid namespace. */
  readonly process: ProcessIdentity | undefined;
}

/** Takes the lock and returns its descriptor; undefined when another process holds it. Creates the file and its folder. */
export function takeHelperLock(path: string): number | undefined {
  for (;;) {
    const fd = openLock(path);
    const isTaken = orUndo(
      () => !tryLockFile(fd),
      () => closeSync(fd),
    );
    if (!isTaken && isFileAt(path, fd)) return fd;
    closeSync(fd);
    // Otherwise the previous holder removed the file between the two calls: try again.
    if (isTaken) return undefined;
  }
}

/** Releases the lock. The file is removed while it is still locked, so that no process can lock a file without a name. */
export function dropHelperLock(path: string, fd: number): void {
  thenAlways(
    () => ifThere(() => unlinkSync(path)),
    () => closeSync(fd),
  );
}

/** Records the holder in the lock file, for processes that find it locked. */
export function writeHolder(fd: number, { version, process }: LockHolder): void {
  const identity = process === undefined ? '' : `${process.pid} ${process.startTicks} ${pidScope()}\n`;
  const text = Buffer.from(`${version}\n${identity}`);
  // In this order the file is never empty for a reader.
  writeSync(fd, text, 0, text.length, 0);
  ftruncateSync(fd, text.length);
}

/** Returns the recorded holder; undefined when there is no file, or none is recorded yet. Valid only while the lock is taken. */
export function readHolder(path: string): LockHolder | undefined {
  const text = ifThere(() => readFileSync(path, 'latin1')) ?? '';
  const [, version, pid, startTicks, scope] = /^(\S+)\n(?:(\d+) (\d+) (.+)\n)?/.exec(text) ?? [];
  if (version === undefined) return undefined;
  const isKnown = scope === pidScope();
  return { version, process: isKnown ? { pid: Number(pid), startTicks: Number(startTicks) } : undefined };
}

/** Returns the boot and the pid namespace in which a pid is valid: with a shared disk it may mean another process elsewhere. */
const pidScope = (): string => `${bootId()} ${readlinkSync('/proc/self/ns/pid')}`;

function openLock(path: string): number {
  const open = (): number => openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  const fd = ifThere(open);
  if (fd !== undefined) return fd;
  makeFolders(dirname(path), 0o700);
  return open();
}
