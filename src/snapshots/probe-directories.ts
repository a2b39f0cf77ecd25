import type { ProbeEnvironment } from './probe-environment.ts';

/**
 * Checks what every driver needs whose snapshots are directories on the store's own filesystem: returns a problem that
 * rules it out, and warnings about attributes that files would lose.
 */
export function probeDirectories({ name, files }: ProbeEnvironment): {
  readonly problem: string | undefined;
  readonly warnings: readonly string[];
} {
  return {
    problem: files.foldsCase ? `${name} takes names that differ in case for the same` : undefined,
    warnings: files.lost.length > 0 ? [`files on ${name} lose ${files.lost.join(', ')}`] : [],
  };
}
