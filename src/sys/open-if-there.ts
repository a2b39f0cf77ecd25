import { openSync } from 'node:fs';
import { errnoOf } from './errno.ts';

/** A descriptor to read a file by, which the caller closes; undefined when there is none. */
export function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
