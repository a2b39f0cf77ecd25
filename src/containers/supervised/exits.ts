import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../sys/errno.ts';

/** A container's end, as its supervisor wrote it. */
export interface ContainerExit {
  readonly exitCode: number;
  /** Milliseconds since 1970. */
  readonly finishedAt: number;
}

/** Reads the supervisor's exit file of a container in `directory`; undefined while there is none. */
export function readExit(directory: string, id: string): ContainerExit | undefined {
  const path = join(directory, id);
  // An error for a missing file costs five times as much, and most containers looked up are running.
  if (!existsSync(path)) return undefined;
  try {
    const text = readFileSync(path, 'latin1').trim();
    // The file has been created and not written yet.
    if (!/^-?\d+$/.test(text)) return undefined;
    return { exitCode: Number(text), finishedAt: Math.round(statSync(path).mtimeMs) };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Writes the exit file of a container in place of a supervisor that did not, for other processes that wait: its record
 * is removed. A supervisor's own exit file stays.
 */
export function writeExit(directory: string, id: string, exitCode: number): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (readExit(directory, id) === undefined) writeFileSync(join(directory, id), `${exitCode}`, { mode: 0o600 });
}

/**
 * Creates an empty exit file for a container without a supervisor, which asks the command that runs it to call {@link
 * reportExit}. `directory` exists. Idempotent.
 */
export const requestExit = (directory: string, id: string): void =>
  writeFileSync(join(directory, id), '', { flag: 'a', mode: 0o600 });

/** {@link writeExit}, if another process has requested it. */
export function reportExit(directory: string, id: string, exitCode: number): void {
  if (existsSync(join(directory, id))) writeExit(directory, id, exitCode);
}

// Waiting processes have read the file within this time, also when the container's record is removed.
const keptMs = 10_000;

/** Removes exit files of a while ago, except those of containers that `isActive`. */
export function forgetOldExits(directory: string, isActive: (id: string) => boolean): void {
  for (const id of existsSync(directory) ? readdirSync(directory) : []) {
    const path = join(directory, id);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined || Date.now() - stat.mtimeMs < keptMs || isActive(id)) continue;
    rmSync(path, { force: true });
  }
}
