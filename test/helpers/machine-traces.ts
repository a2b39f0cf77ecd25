import { globSync } from 'node:fs';

// Control groups of containers and steps, run state, the store of who names none.
const places = ['/sys/fs/cgroup/{*/,}strata/*/', '/run/strata/*', '/var/lib/strata'];

/** What tests could leave on the machine outside their own folders. `STRATA_TRACES`, a pattern, is looked at instead. */
export const machineTraces = (): ReadonlySet<string> => new Set(globSync(process.env['STRATA_TRACES'] ?? places));
