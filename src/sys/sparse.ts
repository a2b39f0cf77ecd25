// Finds and makes holes in files.
import { errnoOf } from './errno.ts';
import { libc } from './libc.ts';
import { lastError } from './scratch.ts';

/** Part of a file that is not a hole, in bytes. */
export interface DataRun {
  readonly offset: number;
  readonly length: number;
}

const SEEK_DATA = 3;
const SEEK_HOLE = 4;

/**
 * Yields the runs of data in the first `size` bytes of a file, in order; the gaps are holes. On a filesystem that does not
 * report holes, everything is data. Uses lseek(2) with SEEK_DATA and SEEK_HOLE, which moves the descriptor's position.
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

// Returns undefined past the last data. A filesystem that does not know the command has no holes.
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

/** Makes a hole in a file of unchanged size, fallocate(2). EOPNOTSUPP on a filesystem without holes. */
export function punchHole(fd: number, offset: number, length: number): void {
  const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  if (libc().fallocate(fd, mode, offset, length) < 0) throw lastError('fallocate');
}
