// Holes in files: finding and making them.
import { errnoOf } from './errno.ts';
import { libc } from './libc.ts';
import { lastError } from './scratch.ts';

/** A part of a file that is not a hole, in bytes. */
export interface DataRun {
  readonly offset: number;
  readonly length: number;
}

const SEEK_DATA = 3;
const SEEK_HOLE = 4;

/**
 * The runs of data in the first `size` bytes of a file, in order; what lies between is holes. Where the filesystem
 * cannot tell, everything is data. lseek(2) with SEEK_DATA and SEEK_HOLE; moves the descriptor's position.
 */
export function* dataRuns(fd: number, size: number): Generator<DataRun, void, undefined> {
  for (let offset = 0; offset < size; ) {
    const start = seek(fd, offset, SEEK_DATA);
    if (start === undefined || start >= size) return;
    const end = Math.min(seek(fd, start, SEEK_HOLE) ?? size, size);
    yield { offset: start, length: end - start };
    offset = end;
  }
}

// Undefined past the last data. A filesystem that does not know the command has no holes.
function seek(fd: number, offset: number, whence: number): number | undefined {
  const position = Number(libc().lseek(fd, offset, whence));
  if (position >= 0) return position;
  const error = lastError('lseek');
  if (errnoOf(error) === 'ENXIO') return undefined;
  if (errnoOf(error) === 'EINVAL') return whence === SEEK_DATA ? offset : undefined;
  throw error;
}

const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;

/** fallocate(2): makes a hole in a file of unchanged size. EOPNOTSUPP where the filesystem has none. */
export function punchHole(fd: number, offset: number, length: number): void {
  const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  if (libc().fallocate(fd, mode, offset, length) < 0) throw lastError('fallocate');
}
