import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../sys/errno.ts';

/** How a container ended, as its supervisor wrote it. */
export interface Exit {
  readonly exitCode: number;
  /** Milliseconds since 1970. */
  readonly finishedAt: number;
}

/** What the supervisor wrote into `directory` of the container's end; undefined while it has not. */
export function readExit(directory: string, id: string): Exit | undefined {
  const path = join(directory, id);
  // To make an error of it takes five times as long, and most containers that are looked at run.
  if (!existsSync(path)) return undefined;
  try {
    const text = readFileSync(path, 'latin1').trim();
    // Seen between its creation and its writing.
    if (!/^-?\d+$/.test(text)) return undefined;
    return { exitCode: Number(text), finishedAt: Math.round(statSync(path).mtimeMs) };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Says how a container ended in the place of a supervisor that did not, for others who wait: its record goes. What a
 * supervisor said stays.
 */
export function writeExit(directory: string, id: string, exitCode: number): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (readExit(directory, id) === undefined) writeFileSync(join(directory, id), `${exitCode}`, { mode: 0o600 });
}

/** Asks whoever is with a container that has no supervisor to {@link tellExit}. `directory` exists. Idempotent. */
export const askForExit = (directory: string, id: string): void =>
  writeFileSync(join(directory, id), '', { flag: 'a', mode: 0o600 });

/** {@link writeExit} for those who asked. */
export function tellExit(directory: string, id: string, exitCode: number): void {
  if (existsSync(join(directory, id))) writeExit(directory, id, exitCode);
}

// Others who wait for the container have found out within this, also when its record is gone.
const keptMs = 10_000;

/** Takes away what was said of containers a while ago, but for those that `isActive`. */
export function forgetOldExits(directory: string, isActive: (id: string) => boolean): void {
  for (const id of existsSync(directory) ? readdirSync(directory) : []) {
    const path = join(directory, id);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined || Date.now() - stat.mtimeMs < keptMs || isActive(id)) continue;
    rmSync(path, { force: true });
  }
}
