import type { SparseRun } from '../../archive/index.ts';
import { dataRuns } from '../../sys/sparse.ts';
import type { FileStat } from '../../sys/stat.ts';

/** Holes are worth a map when they save this much; below, readers that know no sparse files are served better. */
const minSaving = 1 << 20;
/** A map of more runs would be refused by readers; the smallest holes are then filled. */
const maxRuns = 4096;
/** Runs of an archive are whole blocks. */
const grain = 512;

/**
 * The data of a file with holes, undefined for one that is to be archived whole. Follows from how the file lies on the
 * disk and nothing else. Moves the descriptor's position.
 */
export function sparseRuns(fd: number, stat: FileStat): SparseRun[] | undefined {
  const { size, blocks } = stat;
  // asking where the holes are costs more than most files take to read
  if (size - blocks * 512 < minSaving) return undefined;
  let runs = rounded([...dataRuns(fd, size)], size);
  if (size - total(runs) < minSaving) return undefined;
  for (let hole = 4096; runs.length > maxRuns; hole *= 2) runs = joined(runs, hole);
  return runs;
}

const total = (runs: readonly SparseRun[]): number => runs.reduce((sum, run) => sum + run.length, 0);

function rounded(runs: readonly SparseRun[], size: number): SparseRun[] {
  const whole = runs.map(({ offset, length }) => {
    const start = offset - (offset % grain);
    const end = Math.min(Math.ceil((offset + length) / grain) * grain, size);
    return { offset: start, length: end - start };
  });
  return joined(whole, 0);
}

/** Joins runs with at most `hole` bytes between them. */
function joined(runs: readonly SparseRun[], hole: number): SparseRun[] {
  const joint: { offset: number; length: number }[] = [];
  for (const run of runs) {
    const last = joint.at(-1);
    if (last && run.offset - (last.offset + last.length) <= hole) last.length = run.offset + run.length - last.offset;
    else joint.push({ ...run });
  }
  return joint;
}
