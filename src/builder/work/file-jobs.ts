import { parseChmod } from '../../dockerfile/chmod.ts';
import { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } from '../../sys/constants.ts';
import { FileData } from '../../sys/file-data.ts';
import { closeFd, openAt } from '../../sys/fs-at.ts';
import { statFd } from '../../sys/stat.ts';
import { isUnchanged, stampOf } from '../context/context-stamps.ts';
import { smallFileDigest } from '../context/file-digest.ts';
import { FileCopier } from '../ops/file-copier.ts';
import type { Owner } from '../ops/owner.ts';

/** The same work on several files of one directory, as plain data for the calling thread or the worker. */
export type FileJob = DigestJob | CopyJob;

interface Names {
  /** Descriptor of the directory; all threads of a process share descriptors. */
  readonly dirFd: number;
  readonly names: readonly Uint8Array[];
}

export interface DigestJob extends Names {
  readonly kind: 'digest';
  readonly sizes: readonly number[];
}

export interface CopyJob extends Names {
  readonly kind: 'copy';
  /** Directory for new files of the same names; on a filesystem that shares no blocks with the first. */
  readonly toFd: number;
  /** Undefined keeps the owner of each file. */
  readonly owner: Owner | undefined;
  /** `--chmod` of the Dockerfile; empty keeps the modes of the files. */
  readonly chmod: string;
}

/**
 * Returns the digest of each file, or the stamp that it was copied with. An empty string means that the file needs more
 * care than is taken here: it is large, linked, missing, at an existing destination, or failed. Such a copy may be
 * incomplete.
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

// A larger file would delay the check of the signal.
const smallBytes = 1 << 20;

function attempt(work: () => string | undefined): string {
  try {
    return work() ?? '';
  } catch {
    // The caller repeats the work on this file and reports its error.
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
