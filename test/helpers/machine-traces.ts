import { globSync, readdirSync, readFileSync } from 'node:fs';

// Control groups of containers and steps, run state, the default store.
const patterns = ['/sys/fs/cgroup/{*/,}strata/*/', '/run/strata/*', '/var/lib/strata'];

/** Returns paths that tests could leave outside their own folders. `STRATA_TRACES` sets another pattern. */
export const machineTraces = (): ReadonlySet<string> => new Set(globSync(process.env['STRATA_TRACES'] ?? patterns));

/** Returns numbers and command lines of all processes, except this one, that name `text`. */
export const processesNaming = (text: string): string[] =>
  readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const line = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ');
      return line.includes(text) ? [`${name} ${line}`] : [];
    } catch {
      return [];
    }
  });

/** Returns the mounts that this process sees and that name one of `paths`. */
export const mountsNaming = (...paths: readonly string[]): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => paths.some((path) => line.includes(path)));
