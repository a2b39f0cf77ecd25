import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const fixtures = join(import.meta.dirname, '../../../shared/fixtures');

function onPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => folder !== '' && existsSync(join(folder, name)));
}

function hasFilesystem(type: string): boolean {
  const isListed = (): boolean => readFileSync('/proc/filesystems', 'utf8').split(/\s/).includes(type);
  // The kernel lists a module only after a first mount has loaded it. This mount fails: it has no device or options.
  if (!isListed()) spawnSync('mount', ['-t', type, 'none', '/'], { stdio: 'ignore' });
  return isListed();
}

const checks: Readonly<Record<string, () => string | undefined>> = {
  root: () => (process.getuid?.() === 0 ? undefined : 'needs root'),
  overlay: () => (hasFilesystem('overlay') ? undefined : 'the kernel has no overlay filesystem'),
  loop: () => (existsSync('/dev/loop-control') ? undefined : 'no loop devices'),
  btrfs: () => (hasFilesystem('btrfs') ? undefined : 'the kernel has no btrfs'),
  fixtures: () => (existsSync(fixtures) ? undefined : 'the reference tables are not beside this checkout'),
};

/**
 * Returns the `skip` option of a test: `false` when the machine has everything named, else the reason. A name is root,
 * overlay, loop, btrfs, fixtures, or a program on PATH.
 */
export function needs(...names: readonly string[]): string | false {
  for (const name of names) {
    const reason = checks[name] ? checks[name]() : onPath(name) ? undefined : `${name} is not installed`;
    if (reason !== undefined) return reason;
  }
  return false;
}

/** Returns the absolute path of a reference table. It exists only if `needs('fixtures')` returned false. */
export const fixture = (path: string): string => join(fixtures, path);

/** Runs a program and returns its standard output; throws with its standard error when it fails. */
export function output(file: string, ...args: readonly string[]): string {
  return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 });
}
