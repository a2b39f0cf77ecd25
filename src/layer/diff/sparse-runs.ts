import type { SparseRun } from '../../archive/index.ts';
import { dataRuns } from '../../sys/sparse.ts';
import type { FileStat } from '../../sys/stat.ts';

/** Bytes that holes must save to be worth a map: some readers of archives know no sparse files. */
const minSaving = 1 << 20;
/** Readers would refuse a map of more runs; the smallest holes are filled then. */
const maxRuns = 4096;
/** Runs in an archive are whole blocks. */
const grain = 512;

/**
 * Returns the data runs of a file with holes; undefined for a file to archive whole. The result depends only on the
 * file's layout on disk. Moves the descriptor's position.
 */
export function sparseRuns(fd: number, stat: FileStat): SparseRun[] | undefined {
  const { size, blocks } = stat;
  // Finding the holes takes longer than reading most files.
  if (size - blocks * 512 < minSaving) return undefined;
  let runs = roundRuns([...dataRuns(fd, size)], size);
  if (size - total(runs) < minSaving) return undefined;
  for (let hole = 4096; runs.length > maxRuns; hole *= 2) runs = joinRuns(runs, hole);
  return runs;
}

const total = (runs: readonly SparseRun[]): number => runs.reduce((sum, run) => sum + run.length, 0);

function roundRuns(runs: readonly SparseRun[], size: number): SparseRun[] {
  const whole = runs.map(({ offset, length }) => {
    const start = offset - (offset % grain);
    const end = Math.min(Math.ceil((offset + length) / grain) * grain, size);
    return { offset: start, length: end - start };
  });
  return joinRuns(whole, 0);
}

/** Joins runs with at most `hole` bytes between them. */
function joinRuns(runs: readonly SparseRun[], hole: number): SparseRun[] {
  const joint: { offset: number; length: number }[] = [];
  for (const run of runs) {
    const last = joint.at(-1);
    if (last && run.offset - (last.offset + last.length) <= hole) last.length = run.offset + run.length - last.offset;
    else joint.push({ ...run });
  }
  return joint;
}
