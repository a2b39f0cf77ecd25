import { ftruncateSync } from 'node:fs';
import { type Errno, errnoName, errnoOf } from './errno.ts';
import { readFullyAt, writeFullyAt } from './fd-io.ts';
import { lastErrno } from './ffi.ts';
import { libc } from './libc.ts';
import { lastError, scratch } from './scratch.ts';
import { type DataRun, dataRuns } from './sparse.ts';
import { statFd } from './stat.ts';

export interface CopyOptions {
  /** Called between chunks of at most 8 MiB; an error thrown there ends the copying. */
  readonly checkpoint?: () => void;
}

/** Method of a copy: shared blocks, copied by the kernel, or read and written. */
export type CopyMethod = 'reflink' | 'copy_file_range' | 'read-write';

/**
 * Copies a regular file's data into an empty file, by the cheapest method that both filesystems support. Holes stay holes. The
 * positions of both descriptors are undefined afterwards. Returns the method.
 */
export function copyFileData(fromFd: number, toFd: number, options: CopyOptions = {}): CopyMethod {
  if (tryReflink(fromFd, toFd)) return 'reflink';
  const { size } = statFd(fromFd);
  let method: CopyMethod = 'copy_file_range';
  for (const run of dataRuns(fromFd, size)) {
    if (method === 'copy_file_range' && copyRangeInKernel(fromFd, toFd, run, options)) continue;
    method = 'read-write';
    copyRangeByHand(fromFd, toFd, run, options);
  }
  ftruncateSync(toFd, size);
  return method;
}

const FICLONE = 0x40049409;

/**
 * Shares all blocks of a file with another until one of them is changed, ioctl_ficlone(2). Returns false when the filesystem
 * does not support it, or the files are on two filesystems.
 */
export function tryReflink(fromFd: number, toFd: number): boolean {
  if (libc().ioctl(toFd, FICLONE, fromFd) === 0) return true;
  // Most filesystems fail here, once a file: an error object with its stack would cost more than the copy.
  if (cannotReflink.has(errnoName(lastErrno()))) return false;
  throw lastError('ioctl_ficlone');
}

const cannotReflink: ReadonlySet<Errno | undefined> = new Set(['EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOTTY']);

const chunkBytes = 8 * 1024 * 1024;

/** Copies by copy_file_range(2). Returns false when the kernel cannot, or cannot any further. */
function copyRangeInKernel(fromFd: number, toFd: number, { offset, length }: DataRun, options: CopyOptions): boolean {
  const { syscall, numbers } = libc();
  const { view, struct, structAddress } = scratch();
  for (let done = 0; done < length; ) {
    options.checkpoint?.();
    view.setBigInt64(struct, BigInt(offset + done), true);
    view.setBigInt64(struct + 8, BigInt(offset + done), true);
    const count = Math.min(length - done, chunkBytes);
    const copied = Number(syscall(numbers.copyFileRange, fromFd, structAddress, toFd, structAddress + 8, count, 0));
    if (copied < 0) {
      const error = lastError('copy_file_range');
      if (isOneOf(error, 'EXDEV', 'EOPNOTSUPP', 'EINVAL', 'ENOSYS')) return false;
      throw error;
    }
    // The file has become shorter, or is a file of /proc without a size.
    if (copied === 0) return false;
    done += copied;
  }
  return true;
}

function copyRangeByHand(fromFd: number, toFd: number, { offset, length }: DataRun, options: CopyOptions): void {
  const buffer = Buffer.allocUnsafe(Math.min(length, 1024 * 1024));
  for (let done = 0; done < length; ) {
    options.checkpoint?.();
    const chunk = buffer.subarray(0, Math.min(buffer.length, length - done));
    const count = readFullyAt(fromFd, chunk, offset + done);
    if (count === 0) return;
    writeFullyAt(toFd, chunk.subarray(0, count), offset + done);
    done += count;
  }
}

function isOneOf(error: unknown, ...names: readonly Errno[]): boolean {
  const name = errnoOf(error);
  return name !== undefined && names.includes(name);
}
