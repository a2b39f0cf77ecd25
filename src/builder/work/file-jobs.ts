import { parseChmod } from '../../dockerfile/chmod.ts';
import { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } from '../../sys/constants.ts';
import { FileData } from '../../sys/file-data.ts';
import { closeFd, openAt } from '../../sys/fs-at.ts';
import { statFd } from '../../sys/stat.ts';
import { isUnchanged, stampOf } from '../context/context-stamps.ts';
import { smallFileDigest } from '../context/file-digest.ts';
import { FileCopier } from '../ops/file-copier.ts';
import type { Owner } from '../ops/owner.ts';

/** The same work on several files of one directory, as plain data: it is done on the calling thread or in the worker. */
export type FileJob = DigestJob | CopyJob;

interface Names {
  /** The directory; descriptors belong to all threads of a process. */
  readonly dirFd: number;
  readonly names: readonly Uint8Array[];
}

export interface DigestJob extends Names {
  readonly kind: 'digest';
  readonly sizes: readonly number[];
}

export interface CopyJob extends Names {
  readonly kind: 'copy';
  /** Where new files of the same names go; no filesystem that shares blocks with the first. */
  readonly toFd: number;
  /** Undefined leaves each file to its own. */
  readonly owner: Owner | undefined;
  /** As the Dockerfile has it; empty for the files' own modes. */
  readonly chmod: string;
}

/**
 * Of each file its digest, or the stamp it was copied with. Empty for one that has to be looked at with more care than
 * is taken here, whatever the reason: larger, linked, replacing another, gone, failed. Such a copy may be half there.
 */
export function runFileJob(job: FileJob): string[] {
  if (job.kind === 'digest') {
    return job.names.map((name, at) => attempt(() => smallFileDigest(job.dirFd, name, job.sizes[at] ?? 0)));
  }
  const { owner, chmod } = job;
  const change = chmod === '' ? undefined : parseChmod(chmod);
  const copier = new FileCopier({ owner, chmod: change }, new FileData(() => {}, false));
  return job.names.map((name) => attempt(() => copyFile(job, name, copier)));
}

// A larger one would keep the signal waiting.
const smallBytes = 1 << 20;

function attempt(work: () => string | undefined): string {
  try {
    return work() ?? '';
  } catch {
    // Whoever gave the job does this one again, and tells what is wrong with it.
    return '';
  }
}

function copyFile({ dirFd, toFd }: CopyJob, name: Uint8Array, copier: FileCopier): string | undefined {
  const from = openAt(dirFd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stat = statFd(from);
    if (stat.type !== 'file' || stat.nlink > 1 || stat.size > smallBytes) return undefined;
    const to = openAt(toFd, name, O_WRONLY | O_CREAT | O_EXCL, copier.modeOf(stat) & 0o777);
    try {
      copier.copy(from, to, stat);
    } finally {
      closeFd(to);
    }
    return isUnchanged(stat, statFd(from)) ? stampOf(stat) : undefined;
  } finally {
    closeFd(from);
  }
}
