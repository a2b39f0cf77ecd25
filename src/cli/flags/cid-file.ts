import { existsSync, writeFileSync } from 'node:fs';
import type { StrataError } from '../../errors/index.ts';
import { errnoOf } from '../../sys/errno.ts';
import { fileProblem } from '../file-problem.ts';
import { plainUsageProblem } from './flags.ts';

const standing = (path: string): StrataError =>
  plainUsageProblem(`container ID file found, make sure the other container isn't running or delete ${path}`);

/** The file of `--cidfile` must not be there yet. Throws ERR_USAGE. */
export function refuseStandingCidFile(path: string | undefined): void {
  if (path && existsSync(path)) throw standing(path);
}

/** Writes the ID into the file of `--cidfile`, if one was asked for. Throws ERR_USAGE, and what writing does. */
export function writeCidFile(path: string | undefined, id: string): void {
  if (!path) return;
  try {
    writeFileSync(path, id, { flag: 'wx' });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw standing(path);
    throw fileProblem('failed to create the container ID file', path, error);
  }
}
